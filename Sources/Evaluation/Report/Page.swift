/// The frame that all HTML pages share; a page loads nothing else.
enum Page {
    static func html(title: String, body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <title>\(Markup.escaped(title))</title>
        <style>
        \(style)
        </style>
        </head>
        <body>
        <h1>\(Markup.escaped(title))</h1>
        \(body)
        </body>
        </html>
        """
    }

    private static let style = """
        :root { color-scheme: light dark; --ink: #1f2328; --ground: #ffffff; --rule: #d8dee4; --load: 9 105 218; }
        @media (prefers-color-scheme: dark) {
        :root { --ink: #e6edf3; --ground: #0d1117; --rule: #30363d; --load: 56 139 253; }
        }
        body { margin: 0 auto; padding: 1rem; max-width: 60rem; color: var(--ink); background: var(--ground);
        font: 1rem/1.5 system-ui, sans-serif; }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { padding: 0.25rem 0.5rem; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }
        th:first-child, td:first-child { text-align: left; }
        svg.frontier { width: 100%; height: auto; }
        .note { font-size: 0.875rem; opacity: 0.85; }
        .tokens { line-height: 2.6; }
        .token { display: inline-block; margin: 0 1px; padding: 0 3px; border-radius: 4px; line-height: 1.2;
        text-align: center; background: rgb(var(--load) / calc(var(--share) * 0.65)); }
        .token small { display: block; font-size: 0.625rem; opacity: 0.85; }
        """
}
