/// What is wrong with the models, by name; nothing where all is well.
struct FailureSection {
    private let reports: [EvaluationReport]

    init(_ reports: [EvaluationReport]) { self.reports = reports }

    var html: HTML {
        let found = reports.flatMap { report in
            FailureModes.find(report, among: reports).map { (report, $0) }
        }
        guard !found.isEmpty else { return .nothing }
        let items = found.map { report, finding -> HTML in
            let name = reports.count > 1 ? "\(finding.name), \(report.name)" : finding.name
            guard finding.places.count > 1 else {
                return "<div class=\"finding\"><h3>\(name)</h3><p>\(finding.text)</p></div>"
            }
            return """
                <div class="finding"><h3>\(name)</h3><p>\(finding.problem):</p>
                <ul>\(HTML.joined(finding.places.map { "<li>\($0)</li>" }))</ul><p>\(finding.advice)</p></div>
                """
        }
        return "<section><h2>What is wrong</h2>\n\(HTML.joined(items))</section>"
    }
}
