#!/bin/bash
# One database and one role for each part; nobody reaches another's. The image of PostgreSQL runs it for a new cluster; for one that
# is there already:
#   PGHOST=db.example.com PGUSER=postgres PGPASSWORD=… ROLE_PASSWORD=… bash deploy/postgres/init.sh
set -euo pipefail
for name in users products orders payments notifications gateway provider; do
  psql -v ON_ERROR_STOP=1 -v name="$name" -v password="$ROLE_PASSWORD" -U "${PGUSER:-postgres}" <<'SQL'
create role :"name" login password :'password';
create database :"name" owner :"name";
revoke all on database :"name" from public;
SQL
done
