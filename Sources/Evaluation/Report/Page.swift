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
        :root { color-scheme: light dark; --ink: #24292f; --soft: #57606a; --ground: #ffffff; --card: #f6f8fa;
        --rule: #dfe3e8; --accent: #0b62c4; --load: 11 98 196; --warn: #9a5b00; --shade: rgb(0 0 0 / 0.18); }
        @media (prefers-color-scheme: dark) {
        :root { --ink: #e6edf3; --soft: #9aa4af; --ground: #0f1318; --card: #171c23; --rule: #2a3038;
        --accent: #5aa7ff; --load: 70 140 230; --warn: #e0a040;
        --shade: rgb(255 255 255 / 0.2); }
        }
        * { box-sizing: border-box; }
        body { margin: 0 auto; padding: 1.25rem 1rem 4rem; max-width: 62rem; color: var(--ink); background: var(--ground);
        font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; -webkit-text-size-adjust: 100%; }
        h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.2rem; line-height: 1.3; margin: 2.75rem 0 0.75rem; }
        h3 { font-size: 1rem; margin: 1.75rem 0 0.5rem; }
        p { margin: 0.5rem 0; max-width: 44rem; }
        .lead { font-size: 1.125rem; }
        .note, figcaption, small { font-size: 0.8125rem; color: var(--soft); }
        .note { overflow-wrap: anywhere; }
        .headline h2 { margin-top: 1.5rem; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 0.75rem; margin: 1rem 0; }
        .tile { padding: 0.75rem 1rem; border-radius: 8px; background: var(--card); }
        .tile strong { display: block; font-size: 1.625rem; line-height: 1.2; font-weight: 650;
        font-variant-numeric: tabular-nums; }
        .tile small { display: block; }
        .figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); gap: 1.5rem 2rem; }
        figure { margin: 0; min-width: 0; }
        figcaption { margin-top: 0.25rem; }
        .wide { overflow-x: auto; margin: 0.5rem 0; background:
        linear-gradient(to left, var(--ground) 40%, transparent) right / 2.5rem 100% no-repeat local,
        linear-gradient(to left, var(--shade), transparent) right / 0.75rem 100% no-repeat scroll; }
        .wide:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
        table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
        th, td { padding: 0.3rem 0.75rem 0.3rem 0; text-align: right; border-bottom: 1px solid var(--rule);
        white-space: nowrap; vertical-align: top; }
        thead th { font-weight: 500; color: var(--soft); white-space: normal; vertical-align: bottom; line-height: 1.25; }
        th:first-child { text-align: left; font-weight: 500; position: sticky; left: 0; background: var(--ground); }
        td small { display: block; line-height: 1.2; font-size: 0.75rem; }
        .heat { display: inline-block; min-width: 2.75rem; padding: 0 0.35rem; border-radius: 4px; text-align: right;
        background: rgb(var(--load) / calc(var(--share) * 0.45)); }
        .finding, .notice { padding: 0.5rem 1rem; border-left: 3px solid var(--warn); background: var(--card);
        border-radius: 0 8px 8px 0; margin: 0.75rem 0; overflow-wrap: anywhere; }
        .finding h3, .notice h2 { margin: 0.25rem 0; font-size: 1rem; }
        .notice ul, .finding ul { margin: 0.25rem 0; padding-left: 1.25rem; }
        details { margin: 1rem 0; }
        summary { cursor: pointer; color: var(--accent); }
        .samples { display: grid; gap: 0.75rem; }
        .samples.grid { grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); }
        .samples.waves { grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); }
        .sample { min-width: 0; padding: 0.75rem 1rem; border-radius: 8px; background: var(--card); }
        .key i { display: inline-block; width: 0.75rem; height: 0.75rem; border-radius: 3px; margin: 0 0.25rem 0 0.35rem;
        vertical-align: -0.06rem; box-shadow: 0 0 0 1px var(--rule); }
        @media (max-width: 30rem) {
        .tiles { gap: 0.5rem; }
        .tile { display: grid; grid-template-columns: 8.25rem 1fr; column-gap: 0.75rem; align-items: center; }
        .tile strong { grid-row: span 2; font-size: 1.1875rem; white-space: nowrap; }
        .tile span { line-height: 1.3; }
        .samples.grid { grid-template-columns: 1fr 1fr; }
        .samples.grid dl { grid-template-columns: 1fr; }
        }
        .sample .load { margin: 0 0 0.35rem; }
        .sample .load small { display: block; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
        .sample svg.plot { --ground: var(--card); }
        .maps { display: flex; gap: 0.25rem; }
        .maps img, .maps svg { width: 50%; height: auto; aspect-ratio: 1; border-radius: 4px; image-rendering: auto; }
        .patch { fill-opacity: 0.6; }
        .sample details { margin: 0.5rem 0; font-size: 0.8125rem; }
        .blocks { display: grid; gap: 0.35rem 0.5rem; margin-top: 0.5rem; font-size: 0.75rem; color: var(--soft); }
        .blocks svg { display: block; width: 100%; }
        .blocks.squares { grid-template-columns: repeat(auto-fill, minmax(3.5rem, 1fr)); }
        .blocks.squares svg { aspect-ratio: 1; }
        .blocks.rows > div { display: grid; grid-template-columns: 5.5rem 1fr; align-items: center; }
        .blocks.rows svg { height: 0.75rem; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 0.75rem; margin: 0.5rem 0 0; font-size: 0.875rem; }
        dt { color: var(--soft); }
        dd { margin: 0; overflow-wrap: anywhere; }
        .sample .note { margin: 0.5rem 0 0.25rem; }
        .aligned { display: flex; flex-wrap: wrap; gap: 0.4rem 0.15rem; align-items: flex-start; font-size: 0.875rem;
        line-height: 1.35; }
        .aligned span { min-width: 0; padding: 1px 4px; border: 1px solid transparent; border-radius: 4px;
        overflow-wrap: anywhere; }
        .aligned b, .aligned i { display: block; font-weight: 400; font-style: normal; }
        .aligned i { color: var(--soft); }
        .aligned .names { padding-left: 0; border-left: 0; }
        .aligned .names b { color: var(--soft); }
        .aligned .edit { border-color: var(--warn); }
        .aligned .edit b, .aligned .edit i { font-weight: 600; color: var(--ink); }
        .aligned .deletion { border-style: dashed; }
        .aligned .insertion { border-style: double; border-width: 3px; margin: -2px; }
        .aligned small { display: block; font-size: 0.6875rem; color: var(--warn); }
        .tokens { max-width: none; line-height: 2.5; margin: 0; }
        .token { display: inline-block; margin: 0 1px; padding: 1px 4px; border-radius: 4px; line-height: 1.2;
        text-align: center; background: rgb(var(--load) / calc(var(--share) * 0.5)); }
        .token small { display: block; font-size: 0.6875rem; color: inherit; opacity: 0.75; }
        """
}
