#!/bin/sh
# A .NET web reference on Mono: client.sh URL USERNAME PASSWORD SENDER TAG. Proxy and program are made in the current folder, once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -f Client.exe ]; then
    # names and style of an old WSDL: see ../test_old_wsdl.py
    for source in Client ${STYLE:+Rpc}; do
        sed "s/SmsService/${SERVICE:-SmsService}/g" "$here/$source.cs" >"$source.cs"
    done
    wsdl -nologo -namespace:Sms -out:Proxy.cs "$1?wsdl"
    mcs -nologo -out:Client.exe -r:System.Web.Services ./*.cs "$here"/../dotnet/*.cs
fi
# as on its users' machines, where I is not the capital of i
exec env LC_ALL=tr_TR.UTF-8 mono Client.exe "$@"
