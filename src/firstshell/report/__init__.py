"""The report of a study: figures, tables, words, and one page that holds them all.

`build.build_report` makes the page. Below it: `figures` lists the Displays (each has `.frame()`, the numbers drawn, and
`.plot()`, a matplotlib Figure), `tables` the tables, `text` the words, `reading` looks things up in a study, `style`
holds colours, hatches and names.
"""
