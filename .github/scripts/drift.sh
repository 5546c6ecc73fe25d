#!/usr/bin/env bash
# drift.sh <stack>: looks for drift, and opens, edits or closes the stack's issue.
set -euo pipefail

title="Stack $1 has drifted"
report=$(mktemp)
code=0
bin/daprstack preview -s "$1" --refresh --expect-no-changes --markdown > "$report" || code=$?
cat "$report" >> "$GITHUB_STEP_SUMMARY"

issue=$(gh issue list --state open --search "in:title \"$title\"" --json number,title \
  --jq ".[] | select(.title == \"$title\") | .number" | head -n 1)
case $code in
  0)
    [ -z "$issue" ] || gh issue close "$issue" --comment 'It is as the stack file says again.'
    ;;
  7) # drift
    printf '\nWhat `daprstack up -s %s` would put back. If the change is to stay, write it into the stack file.\n' "$1" >> "$report"
    if [ -n "$issue" ]; then
      gh issue edit "$issue" --body-file "$report"
    else
      gh issue create --title "$title" --body-file "$report"
    fi
    ;;
  *)
    cat "$report"
    exit "$code"
    ;;
esac
