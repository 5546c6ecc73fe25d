#!/usr/bin/env bash
# comment.sh <pull request> <folder>: writes the previews in the folder as one comment
# of the pull request, or edits the one that it wrote before.
set -euo pipefail

marker='<!-- daprstack preview -->'
comments="repos/$GITHUB_REPOSITORY/issues/$1/comments"
body=$(mktemp)
{
  printf '%s\n### What this change does on the clusters\n\n' "$marker"
  cat "$2"/*.md || echo 'No preview could be made: see the logs of the workflow.'
} > "$body"

mine=$(gh api --paginate "$comments" --jq ".[] | select(.body | startswith(\"$marker\")) | .id" | head -n 1)
if [ -n "$mine" ]; then
  gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$mine" --field "body=@$body" > /dev/null
else
  gh api --method POST "$comments" --field "body=@$body" > /dev/null
fi
