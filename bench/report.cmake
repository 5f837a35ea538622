# SPDX-FileCopyrightText: the equant authors
# SPDX-License-Identifier: MIT
cmake_minimum_required(VERSION 3.25)

# Starts a report. A bench that could not be built for want of a peer is a failed row.
file(WRITE ${REPORT} "group,row,peer,equant,peer_value,unit,ratio,limit_fraction\n")
foreach(needed gemm depthwise xnnpack codebook product)
  if(NOT needed IN_LIST BENCHES)
    message(WARNING "${needed}: a peer is missing (libdnnl-dev, libopenblas-dev, libgemmlowp-dev, libxnnpack-dev, libpthreadpool-dev, libfaiss-dev)")
    file(APPEND ${REPORT} "${needed},all,missing,0,0,,0,0\n")
  endif()
endforeach()
