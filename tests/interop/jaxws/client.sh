#!/bin/sh
# JAX-WS RI: client.sh URL USERNAME PASSWORD SENDER TAG. Stubs and classes are made in the current folder, once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
libraries=/usr/share/java/jaxws-rt.jar
short='-XX:TieredStopAtLevel=1 -XX:+UseSerialGC' # for programs that soon end
if [ ! -d classes ]; then
    mkdir stubs classes.new
    WSIMPORT_OPTS=$short wsimport -quiet -Xnocompile -p sms -s stubs "$1?wsdl"
    javac -J-XX:TieredStopAtLevel=1 -J-XX:+UseSerialGC -nowarn -proc:none -encoding UTF-8 -cp "$libraries" -d classes.new \
        stubs/sms/*.java "$here"/../java/*.java "$here"/Client.java
    mv classes.new classes
fi
exec java $short -Dfile.encoding=UTF-8 -cp "classes:$libraries" Client "$@"
