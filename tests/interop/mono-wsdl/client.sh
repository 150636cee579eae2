#!/bin/sh
# A .NET web reference on Mono: client.sh URL USERNAME PASSWORD SENDER TAG. Proxy and program are made in the current folder, once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -f Client.exe ]; then
    wsdl -nologo -namespace:Sms -out:Proxy.cs "$1?wsdl"
    mcs -nologo -nowarn:1591 -out:Client.exe -r:System.Web.Services Proxy.cs "$here"/../dotnet/*.cs "$here"/Client.cs
fi
exec mono Client.exe "$@"
