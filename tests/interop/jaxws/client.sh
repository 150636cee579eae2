#!/bin/sh
# JAX-WS RI: client.sh URL USERNAME PASSWORD SENDER TAG. Stubs and classes are made in the current folder, once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
libraries=/usr/share/java/jaxws-rt.jar
if [ ! -d classes ]; then
    mkdir stubs classes.new
    wsimport -quiet -Xnocompile -p sms -s stubs "$1?wsdl"
    javac -nowarn -encoding UTF-8 -cp "$libraries" -d classes.new stubs/sms/*.java "$here"/../java/*.java "$here"/Client.java
    mv classes.new classes
fi
exec java -Dfile.encoding=UTF-8 -cp "classes:$libraries" Client "$@"
