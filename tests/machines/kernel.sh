#!/bin/sh
# kernel.sh VERSION FOLDER   unpacks the newest Debian kernel of VERSION, such as 6.12, into FOLDER
#
# Only the image is kept, and nothing is installed. The cloud flavour: the same source and options of
# scheduler and control groups, fewer drivers, and a third of the size.
set -eu
version=$1 folder=$2

for tool in apt-cache apt-get dpkg-deb; do
  command -v $tool >/dev/null || { echo "$tool is missing; kernels come from Debian's packages" >&2; exit 1; }
done
dots=$(echo "$version" | sed 's/\./\\./g')
package=$(apt-cache search --names-only "^linux-image-$dots[.-][0-9.-]*(\+deb[0-9]+)?-cloud-amd64\$" | cut -d ' ' -f 1 |
  sort -V | tail -n 1)
[ -n "$package" ] || { echo "apt has no linux-image-$version...-cloud-amd64; run apt-get update, or add Debian's backports" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# apt fetches as a user of its own.
chmod 755 "$work"
(cd "$work" && apt-get -qq download "$package" && dpkg-deb --fsys-tarfile ./*.deb | tar -x --wildcards './boot/vmlinuz-*')
mkdir -p "$folder"
cp "$work"/boot/vmlinuz-* "$folder"
