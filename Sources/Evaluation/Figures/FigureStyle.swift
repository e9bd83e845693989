/// Colours and type of all figures; each carries them, so that it can stand alone.
///
/// The palette is told apart with all common kinds of colour blindness; reading never depends on colour alone,
/// since series are named where they are.
enum FigureStyle {
    static let colourCount = 6

    static let element = "<style>\n\(rules)\n</style>"

    /// - Source: for the hues, Okabe & Ito 2008.
    static let rules = """
        .plot { --ink: #24292f; --soft: #57606a; --grid: #e6e9ed; --ground: #ffffff; --load: #0b62c4;
        --s0: #0b62c4; --s1: #b34700; --s2: #00735c; --s3: #8f3a84; --s4: #7a5c00; --s5: #57606a;
        font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; width: 100%; height: auto; }
        @media (prefers-color-scheme: dark) {
        .plot { --ink: #e6edf3; --soft: #9aa4af; --grid: #2a3038; --ground: #0f1318; --load: #5aa7ff;
        --s0: #5aa7ff; --s1: #f0883e; --s2: #3fbf9b; --s3: #d58bd0; --s4: #d6b24a; --s5: #9aa4af; }
        }
        .plot text { fill: var(--ink); }
        .plot .tick, .plot .name { fill: var(--soft); }
        .plot .name, .plot .tick, .plot .note { font-size: 11.5px; }
        .plot .heading { font-size: 13px; font-weight: 600; }
        .plot .note { fill: var(--soft); paint-order: stroke; stroke: var(--ground); stroke-width: 3px; }
        .plot .series { font-weight: 600; paint-order: stroke; stroke: var(--ground); stroke-width: 3px; }
        .plot .grid { stroke: var(--grid); }
        .plot .axis { stroke: var(--soft); }
        .plot .curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
        .plot .reference { stroke-dasharray: 5 4; }
        .plot .bar { stroke-width: 5; stroke-opacity: 0.28; }
        .plot .ring { fill: var(--ground); stroke-width: 2; }
        .plot .block { fill: var(--load); }
        .plot .s0 { --c: var(--s0); } .plot .s1 { --c: var(--s1); } .plot .s2 { --c: var(--s2); }
        .plot .s3 { --c: var(--s3); } .plot .s4 { --c: var(--s4); } .plot .s5 { --c: var(--s5); }
        .plot .curve, .plot .bar, .plot .ring { stroke: var(--c); }
        .plot .point, .plot text.series { fill: var(--c); }
        """
}
