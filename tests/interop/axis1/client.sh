#!/bin/sh
# Axis 1.4: client.sh Client|Calls URL USERNAME PASSWORD SENDER TAG. Stubs (of Client) and classes are made in the current folder, once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
libraries=
for name in axis axis-jaxrpc axis-saaj commons-discovery commons-logging wsdl4j mailapi; do
    libraries="$libraries:/usr/share/java/$name.jar"
done
libraries=${libraries#:}
# names and style of an old WSDL: see ../test_old_wsdl.py
names="s/SmsService/${SERVICE:-SmsService}/g; s/getSmsPort\\b/get${PORT:-SmsPort}/g; s/SmsPortType/${PORT_TYPE:-SmsPortType}/g"
[ "${STYLE:-}" != rpc ] || names="s/SmsPortType port/RpcPort port/; s/port = stub/port = new RpcPort(stub)/; $names"
short='-XX:TieredStopAtLevel=1 -XX:+UseSerialGC' # for programs that soon end
program=$1
shift
turkish='-Duser.language=tr -Duser.country=TR' # as on its users' machines, where I is not the capital of i
if [ ! -d classes ]; then
    mkdir stubs program classes.new
    [ "$program" = Calls ] || java $short -cp "$libraries" org.apache.axis.wsdl.WSDL2Java -p sms -o stubs "$1?wsdl"
    for source in "$program" ${STYLE:+RpcPort}; do
        sed "$names" "$here/$source.java" >"program/$source.java"
    done
    find stubs -name '*.java' | xargs javac -J-XX:TieredStopAtLevel=1 -J-XX:+UseSerialGC -nowarn -proc:none -Xlint:-options \
        -encoding UTF-8 -cp "$libraries" -d classes.new "$here"/../java/*.java program/*.java
    mv classes.new classes
fi
exec java $short $turkish -Dfile.encoding=UTF-8 -cp "classes:$libraries" "$program" "$@"
