#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Draws a piece of a timeline, as `zagrun --trace` writes it: a bar a span.

usage: trace-svg.py TRACE FROM-US LENGTH-US FIBERS >PICTURE.svg
"""

import html
import json
import sys

WIDTH, LEFT, ROW = 900, 130, 18
COLORS = {'running': '#2e7d32', 'ready': '#f9a825'}
WAIT, TURN = '#90a4ae', '#1565c0'


def main():
    events = json.load(open(sys.argv[1]))['traceEvents']
    start, length, most = (float(a) for a in sys.argv[2:5])
    names = {(e['pid'], e['tid']): e['args']['name'] for e in events
             if e['ph'] == 'M' and e['name'] == 'thread_name'}
    spans = [e for e in events if e['ph'] == 'X' and
             e['ts'] < start + length and e['ts'] + e['dur'] > start]
    tracks = sorted({(e['pid'], e['tid']) for e in spans})
    # Of the fibers those that run in this piece, by when they do.
    runs = {}
    for e in spans:
        if e['pid'] == 2 and e['name'] == 'running':
            track = e['pid'], e['tid']
            runs[track] = min(e['ts'], runs.get(track, e['ts']))
    tracks = [t for t in tracks if t[0] == 1] + \
             sorted(runs, key=runs.get)[:int(most)]
    rows = {t: i for i, t in enumerate(tracks)}
    scale = (WIDTH - LEFT) / length
    height = ROW * (len(rows) + 2)
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
          f'height="{height}" font-family="sans-serif" font-size="11">')
    print(f'<rect width="{WIDTH}" height="{height}" fill="white"/>')
    for track, row in rows.items():
        name = html.escape(names.get(track, 'main' if track[1] == 1 else
                                     str(track[1])))
        print(f'<text x="4" y="{row * ROW + 13}">{name}</text>')
    for e in spans:
        if (e['pid'], e['tid']) not in rows:
            continue
        a = max(e['ts'], start)
        b = min(e['ts'] + e['dur'], start + length)
        color = TURN if e['pid'] == 1 else COLORS.get(e['name'], WAIT)
        y = rows[(e['pid'], e['tid'])] * ROW + 2
        print(f'<rect x="{LEFT + (a - start) * scale:.1f}" y="{y}" '
              f'width="{max((b - a) * scale, 0.5):.1f}" height="{ROW - 4}" '
              f'fill="{color}"><title>{html.escape(e["name"])}, '
              f'{e["dur"]:.1f} us</title></rect>')
    x, y = LEFT, height - 12
    for color, text in ((TURN, 'a processor runs a fiber'),
                        (COLORS['running'], 'running'),
                        (COLORS['ready'], 'ready'), (WAIT, 'waiting')):
        print(f'<rect x="{x}" y="{y - 9}" width="10" height="10" '
              f'fill="{color}"/><text x="{x + 14}" y="{y}">{text}</text>')
        x += 40 + 7 * len(text)
    print(f'<text x="{WIDTH - 90}" y="{y}">{length:g} µs</text></svg>')


main()
