#!/bin/sh
# Rewrites jars.lock from pom.xml. Needs Maven and sha256sum; run it from anywhere.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
jars=$(mktemp -d)
trap 'rm -rf "$jars"' EXIT
mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -Dmdep.useRepositoryLayout=true -DoutputDirectory="$jars"
{
    echo "# group:artifact:version[:classifier] sha256 -- written by relock.sh, never by hand"
    cd "$jars"
    find . -name '*.jar' | LC_ALL=C sort | while read -r path; do
        # ./org/apache/kafka/kafka-raft/4.4.0/kafka-raft-4.4.0.jar
        folder=${path%/*}; version=${folder##*/}; folder=${folder%/*}; artifact=${folder##*/}
        group=$(echo "${folder%/*}" | sed 's|^\./||; s|/|.|g')
        stem=$(basename "$path" .jar); classifier=${stem#"$artifact-$version"}
        digest=$(sha256sum "$path"); digest=${digest%% *}
        echo "$group:$artifact:$version${classifier:+:${classifier#-}} $digest"
    done
} > "$here/jars.lock.new"
mv "$here/jars.lock.new" "$here/jars.lock"
