# SPDX-License-Identifier: GPL-2.0-only
# The module for a NixOS, of a clone or of what make dist packs:
#   boot.extraModulePackages = [ (config.boot.kernelPackages.callPackage ./packaging/sud.nix { }) ];
#   boot.kernelModules = [ "sud" ];
{ lib, stdenv, kernel }:

stdenv.mkDerivation {
  pname = "sud";
  version = builtins.head (builtins.match ".*\nPACKAGE_VERSION=\"([^\"]*)\".*"
    (builtins.readFile ../dkms.conf));
  src = lib.cleanSource ../.;

  nativeBuildInputs = kernel.moduleBuildDependencies;
  hardeningDisable = [ "pic" ];
  enableParallelBuilding = true;
  dontConfigure = true;

  buildPhase = ''
    runHook preBuild
    make -C ${kernel.dev}/lib/modules/${kernel.modDirVersion}/build \
      M=$PWD/module modules
    runHook postBuild
  '';
  installPhase = ''
    runHook preInstall
    install -D -m 644 -t $out/lib/modules/${kernel.modDirVersion}/extra module/sud.ko
    runHook postInstall
  '';

  meta = {
    description = "Syscall User Dispatch through an ioctl on /dev/sud";
    license = lib.licenses.gpl2Only;
    platforms = [ "x86_64-linux" ];
  };
}
