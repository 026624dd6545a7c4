#!/bin/sh
# Every night: back a workspace up, check the backup, count the month, and list the faces that have no name yet.
# usage: nightly_archive.sh WORKSPACE FOLDER      in cron: 15 3 * * * nightly_archive.sh newsroom /srv/archive
# Nothing is changed at the service. Keys come from the environment or from ~/.ncloud/configure; a failure ends it, and
# cron sends what is on stderr: an error, or the table that was written.
set -eu
workspace=$1 folder=$2
mkdir -p "$folder"
day=$(TZ=KST-9 date +%Y-%m-%d)
month=${day%-*}

mi-async backup "$workspace" "$folder/$workspace" --quiet > "$folder/$workspace-backup.json"
mi-async backup check "$folder/$workspace" > "$folder/$workspace-check.json"
mi-async usage --workspace "$workspace" --month "$month" --output csv --quiet > "$folder/usage-$month.csv"
# a new table each night: one that somebody is filling in is never replaced
faces=$folder/faces-$day
if [ ! -e "$faces.csv" ]; then
  mi-async curate unnamed --workspace "$workspace" --html "$faces.html" --csv "$faces.csv" --quiet
fi
