#!/bin/sh
# JAX-WS RI: client.sh URL USERNAME PASSWORD SENDER TAG. Stubs and classes are made in the current folder, once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
libraries=/usr/share/java/jaxws-rt.jar
# names and style of an old WSDL: see ../test_old_wsdl.py
names="s/SmsService/${SERVICE:-SmsService}/g; s/getSmsPort\\b/get${PORT:-SmsPort}/g; s/SmsPortType/${PORT_TYPE:-SmsPortType}/g"
[ "${STYLE:-}" != rpc ] || names="s/SmsPortType port/RpcPort port/; s/port = stub/port = new RpcPort(stub)/; $names"
short='-XX:TieredStopAtLevel=1 -XX:+UseSerialGC' # for programs that soon end
turkish='-Duser.language=tr -Duser.country=TR' # as on its users' machines, where I is not the capital of i
if [ ! -d classes ]; then
    mkdir stubs program classes.new
    WSIMPORT_OPTS=$short wsimport -quiet -Xnocompile -p sms -s stubs "$1?wsdl"
    for source in Client ${STYLE:+RpcPort}; do
        sed "$names" "$here/$source.java" >"program/$source.java"
    done
    javac -J-XX:TieredStopAtLevel=1 -J-XX:+UseSerialGC -nowarn -proc:none -encoding UTF-8 -cp "$libraries" -d classes.new \
        stubs/sms/*.java "$here"/../java/*.java program/*.java
    mv classes.new classes
fi
exec java $short $turkish -Dfile.encoding=UTF-8 -cp "classes:$libraries" Client "$@"
