# SPDX-FileCopyrightText: the equant authors
# SPDX-License-Identifier: MIT
"""A recipe for Conan 2 of the checkout it lies in: conan create cmake/packaging/conan"""
import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load


class Equant(ConanFile):
    name = "equant"
    description = "Header-only quantization over Eigen"
    license = "MIT"
    package_type = "header-library"
    settings = "compiler"
    requires = "eigen/3.4.0"
    no_copy_source = True

    def checkout(self):
        return os.path.normpath(os.path.join(self.recipe_folder, "..", "..", ".."))

    def set_version(self):
        header = load(self, os.path.join(self.checkout(), "include", "equant", "core", "version.hpp"))
        self.version = ".".join(re.findall(r"#define EQUANT_VERSION_\w+ (\d+)", header))

    def export_sources(self):
        copy(self, "include/*.hpp", self.checkout(), self.export_sources_folder)
        copy(self, "cmake/equant-arch.cmake", self.checkout(), self.export_sources_folder)
        copy(self, "LICENSE", self.checkout(), self.export_sources_folder)

    def validate(self):
        check_min_cppstd(self, 20)

    def package_id(self):
        self.info.clear()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        copy(self, "include/*.hpp", self.source_folder, self.package_folder)
        copy(self, "cmake/equant-arch.cmake", self.source_folder, self.package_folder)

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.set_property("cmake_target_name", "equant::equant")
        self.cpp_info.set_property("cmake_build_modules", ["cmake/equant-arch.cmake"])
