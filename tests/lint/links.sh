#!/usr/bin/env bash
# links.sh [ROOT]: what README.md and docs/ link to exists, and so does every docs/… file that any file of the tree names.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "${1:-$here/../..}"
bad=0

fault() { echo "$1"; bad=1; }

# [text](target#anchor), web addresses left out.
for page in README.md docs/*.md; do
    [ -e "$page" ] || { fault "$page is missing"; continue; }
    while read -r target; do
        [ -e "$(dirname "$page")/$target" ] || fault "$page: links to $target, which does not exist"
    done < <(grep -oE '\]\([^)# ]+' "$page" | sed 's/^](//' | grep -vE '^[a-z]+:' || true)
done

while IFS=: read -r file line target; do
    [ -e "$target" ] || fault "$file:$line: names $target, which does not exist"
done < <(find . \( -name .git -o -name build -o -name var -o -name node_modules -o -path ./tests/lint -o -path ./tests/fuzz/corpus \) -prune -o -type f -print0 |
    xargs -0 grep -noIE '\bdocs/[a-z_-]+\.md\b' /dev/null | sed 's|^\./||')

[ "$bad" = 0 ] || { echo "not ok lint.links"; exit 1; }
echo "ok lint.links"
