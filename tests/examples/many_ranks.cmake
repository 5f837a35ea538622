# SPDX-FileCopyrightText: the equant authors
# SPDX-License-Identifier: MIT
cmake_minimum_required(VERSION 3.20)

# PROGRAM on one rank, two and three must write the same bytes.
foreach(ranks 1 2 3)
  execute_process(COMMAND ${MPIRUN} --oversubscribe --allow-run-as-root -n ${ranks} ${PROGRAM} ${DATA} shards_${ranks}.bin
    COMMAND_ERROR_IS_FATAL ANY)
  file(MD5 shards_${ranks}.bin digest)
  file(SIZE shards_${ranks}.bin bytes)
  if(bytes EQUAL 0 OR (first AND NOT digest STREQUAL first))
    message(FATAL_ERROR "${ranks} ranks wrote ${bytes} other bytes than one")
  endif()
  set(first ${digest})
endforeach()
