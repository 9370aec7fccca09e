#!/bin/bash
# One database and one role for each part; nobody reaches another's.
set -euo pipefail
for name in users products orders payments gateway provider; do
  psql -v ON_ERROR_STOP=1 -v name="$name" -v password="$ROLE_PASSWORD" -U postgres <<'SQL'
create role :"name" login password :'password';
create database :"name" owner :"name";
revoke all on database :"name" from public;
SQL
done
