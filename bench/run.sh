#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Compares whole processes over one synthetic trail: reading it with igzip
# alone, hunting with bucketlid, and a jq filter. Prints a Markdown table.
# See README.md beside this file.
set -euo pipefail

N=${N:-3}                        # runs of each; the median is printed
RECORDS=${RECORDS:-1000000}
FILES=${FILES:-$((RECORDS / 50))}
SEED=${SEED:-1}
JQ_FILES=${JQ_FILES:-2000}       # jq reads so many files and is scaled up by bytes; 0: all
CACHE=${CACHE:-${TMPDIR:-/tmp}/bucketlid-bench}

here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/.." && pwd)
name=seed$SEED-records$RECORDS-files$FILES
trail=$CACHE/$name
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '%s\n' "$*" >&2; }
fail() { say "bench: $*"; exit 1; }

# GNU time gives CPU time and peak memory of a process with its children.
gnu_time=${GNU_TIME:-/usr/bin/time}
"$gnu_time" -f '%e' true 2>/dev/null || fail "GNU time is missing: apt-get install time"

say "building"
(cd "$repo" && go build -o "$work/gentrail" ./internal/gentrail/cmd/gentrail)
if [ -z "${BUCKETLID:-}" ]; then
	(cd "$repo" && go build -o "$work/bucketlid" ./cmd/bucketlid)
	BUCKETLID=$work/bucketlid
fi

if [ ! -f "$trail.done" ]; then
	say "generating $RECORDS records into $trail"
	rm -rf "$trail"
	mkdir -p "$CACHE"
	"$work/gentrail" -seed "$SEED" -records "$RECORDS" -files "$FILES" -out "$trail" -truth "$trail.truth.json"
	touch "$trail.done"
fi

find "$trail" -name '*.json.gz' | LC_ALL=C sort >"$work/all"
files=$(wc -l <"$work/all")
stored=$(sed -n 's/^  "fileBytes": \([0-9]*\),*$/\1/p' "$trail.truth.json")
raw=$(sed -n 's/^  "rawBytes": \([0-9]*\),*$/\1/p' "$trail.truth.json")

# Halves for two processes, which tell how much faster this machine's two cores are.
awk 'NR % 2' "$work/all" >"$work/odd"
awk 'NR % 2 == 0' "$work/all" >"$work/even"

# Every n-th file, so that the sample has busy and quiet hours alike.
if [ "$JQ_FILES" -gt 0 ] && [ "$JQ_FILES" -lt "$files" ]; then
	awk -v step="$((files / JQ_FILES))" 'NR % step == 1 || step == 1' "$work/all" | head -n "$JQ_FILES" >"$work/sample"
else
	cp "$work/all" "$work/sample"
fi
sample_raw=$(xargs zcat <"$work/sample" | wc -c)
all_raw=$(xargs zcat <"$work/all" | wc -c) # also warms the page cache
scale=$(awk -v a="$all_raw" -v b="$sample_raw" 'BEGIN { printf "%.4f", a / b }')

# median: the middle of the numbers on stdin.
median() { sort -g | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# once NAME COMMAND…: runs it and notes "wall user system rss".
once() {
	local label=$1
	shift
	"$gnu_time" -o "$work/one" -f '%e %U %S %M' "$@" >"$work/$label.out" 2>"$work/$label.err" ||
		{ cat "$work/$label.err" >&2; fail "$label failed"; }
	tail -n 1 "$work/one" >>"$work/$label.runs"
}

# sums NAME: writes "wall cpu rss leastwall leastcpu" to $work/NAME.
sums() {
	[ -f "$work/$1.runs" ] || return 0
	printf '%s %s %s %s %s\n' \
		"$(awk '{ print $1 }' "$work/$1.runs" | median)" \
		"$(awk '{ print $2 + $3 }' "$work/$1.runs" | median)" \
		"$(awk '{ print $4 }' "$work/$1.runs" | median)" \
		"$(awk '{ print $1 }' "$work/$1.runs" | sort -g | head -n 1)" \
		"$(awk '{ print $2 + $3 }' "$work/$1.runs" | sort -g | head -n 1)" >"$work/$1"
}

row() { # row LABEL TITLE SCALE
	read -r wall cpu rss leastwall leastcpu <"$work/$1"
	read -r _ base _ _ least <"$work/${baseline:-$1}"
	awk -v t="$2" -v w="$wall" -v c="$cpu" -v r="$rss" -v lw="$leastwall" -v lc="$leastcpu" -v s="$3" -v b="$base" -v lb="$least" 'BEGIN {
		w *= s; c *= s; lw *= s; lc *= s
		printf "| %s | %.2f (%.2f) | %.2f (%.2f) | %.0f | %.2f (%.2f) |\n", t, w, lw, c, lc, r / 1024, c / b, lc / lb }'
}

baseline=
if command -v igzip >/dev/null; then
	baseline=igzip
else
	say "igzip is missing, so there is no base line (Debian, Ubuntu: apt-get install isal)"
fi
command -v jq >/dev/null || say "jq is missing (Debian, Ubuntu: apt-get install jq)"

# In turns, so that a machine that slows down slows all of them.
for i in $(seq "$N"); do
	say "round $i of $N"
	if [ -n "$baseline" ]; then
		once igzip sh -c 'xargs igzip -dc <"$1" >/dev/null' sh "$work/all"
		once igzip2 sh -c 'xargs igzip -dc <"$1" >/dev/null & xargs igzip -dc <"$2" >/dev/null; wait' sh "$work/odd" "$work/even"
	fi
	once hunt1 env GOMAXPROCS=1 "$BUCKETLID" hunt "$trail" -o jsonl --no-progress
	once hunt "$BUCKETLID" hunt "$trail" -o jsonl --no-progress
	if command -v jq >/dev/null; then once jq sh -c 'xargs zcat <"$1" | jq -c -f "$2"' sh "$work/sample" "$here/public.jq"; fi
done
for label in igzip igzip2 hunt1 hunt jq; do sums "$label"; done
: "${baseline:=hunt1}"

cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1 || true)
echo "$RECORDS records, $files files, $((stored / 1000000)) MB stored, $((raw / 1000000)) MB raw; $(nproc) cores${cpu:+, $cpu}; $(go env GOVERSION); median of $N runs taken in turns, in brackets the least; files in the page cache."
echo
echo "| whole process | wall s | CPU s | peak RSS MiB | CPU against $baseline |"
echo "| --- | ---: | ---: | ---: | ---: |"
if [ -f "$work/igzip" ]; then
	row igzip "\`igzip -dc\`, output thrown away" 1
	row igzip2 "the same, two processes with half of the files each" 1
fi
row hunt1 "\`bucketlid hunt\`, GOMAXPROCS=1" 1
row hunt "\`bucketlid hunt\`, all cores" 1
if [ -f "$work/jq" ]; then
	if [ "$scale" = 1.0000 ]; then
		row jq "\`zcat \\| jq\` with public.jq, all files" 1
	else
		row jq "\`zcat \\| jq\` with public.jq, $(wc -l <"$work/sample") files scaled by $scale" "$scale"
	fi
fi
if [ -f "$work/igzip" ]; then
	read -r w1 _ _ lw1 _ <"$work/igzip"
	read -r w2 _ _ lw2 _ <"$work/igzip2"
	echo
	awk -v w1="$w1" -v w2="$w2" -v lw1="$lw1" -v lw2="$lw2" 'BEGIN {
		printf "Two processes of igzip against one, by wall clock: %.2f (%.2f).\n", w1 / w2, lw1 / lw2 }'
fi
if [ -f "$work/jq" ]; then
	read -r w1 c1 _ lw1 lc1 <"$work/hunt1"
	read -r w2 _ _ lw2 _ <"$work/hunt"
	read -r wj cj _ lwj lcj <"$work/jq"
	echo
	awk -v s="$scale" -v w1="$w1" -v c1="$c1" -v lw1="$lw1" -v lc1="$lc1" -v w2="$w2" -v lw2="$lw2" -v wj="$wj" -v cj="$cj" -v lwj="$lwj" -v lcj="$lcj" 'BEGIN {
		printf "All cores against one, by wall clock: %.2f (%.2f). jq against the hunt: CPU %.1f (%.1f), wall clock %.1f (%.1f).\n",
			w1 / w2, lw1 / lw2, cj * s / c1, lcj * s / lc1, wj * s / w2, lwj * s / lw2 }'
fi
echo
echo "bucketlid wrote $(grep -c '"alert"' "$work/hunt.out" || true) alerts; $(grep -vc '"kind": "none"' <(grep '"kind":' "$trail.truth.json") || true) incidents are planted."
