#!/bin/sh
# WCF on Mono: client.sh URL USERNAME PASSWORD SENDER TAG. Proxy and program are made in the current folder, once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -f Client.exe ]; then
    python3 "$here"/svcutil.py "$1?wsdl" Proxy.cs
    # names of an old WSDL: see ../test_old_wsdl.py
    sed "s/SmsPortType/${PORT_TYPE:-SmsPortType}/g" "$here/Client.cs" >Client.cs
    mcs -nologo -out:Client.exe -r:System.ServiceModel ./*.cs "$here"/../dotnet/*.cs
fi
# as on its users' machines, where I is not the capital of i
exec env LC_ALL=tr_TR.UTF-8 mono Client.exe "$@"
