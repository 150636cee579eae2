#!/bin/sh
# WCF on Mono: client.sh URL USERNAME PASSWORD SENDER TAG. Proxy and program are made in the current folder, once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -f Client.exe ]; then
    python3 "$here"/svcutil.py "$1?wsdl" Proxy.cs
    mcs -nologo -out:Client.exe -r:System.ServiceModel Proxy.cs "$here"/../dotnet/*.cs "$here"/Client.cs
fi
exec mono Client.exe "$@"
