extension EvaluationResult {
    /// The budgets as rows after the dense model; columns that nothing was measured for are left out.
    public var table: ColumnTable {
        let hasEmbeddings = budgets.contains { !$0.meanCosine.isNaN }
        let hasProbe = denseProbeAccuracy != nil
        let hasPairs = denseSpearman != nil
        let hasErrors = denseErrors != nil
        let languages = denseLanguageErrors?.keys.sorted() ?? []
        let classHeader = denseClasses?.header ?? []
        let hasDrift = budgets.contains { $0.drift != nil }
        let denseTime = budgets.compactMap(\.denseMillisecondsPerSample).first
        var table = ColumnTable(
            header: ["budget", "load", "MMACs", "share"] + (hasEmbeddings ? ["cosine", "neighbours"] : [])
                + (hasProbe ? ["probe"] : []) + (hasPairs ? ["Spearman"] : []) + classHeader
                + (hasErrors ? ["WER", "CER"] : []) + languages.map { "WER \($0)" }
                + (denseTime != nil ? ["ms/sample", "× dense"] : []) + ["collapsed"]
                + (hasDrift ? ["drift"] : []))
        table.add(
            ["dense", "–", Markup.number(denseMacs / 1e6, digits: 1), "1.000"]
                + (hasEmbeddings ? ["1.0000", "1.000"] : [])
                + (hasProbe ? [Markup.number(denseProbeAccuracy, digits: 4)] : [])
                + (hasPairs ? [Markup.number(denseSpearman, digits: 4)] : [])
                + (denseClasses?.cells ?? []) + (hasErrors ? cells(denseErrors) : [])
                + languages.map { Markup.number(denseLanguageErrors?[$0]?.wordErrorRate, digits: 4) }
                + (denseTime != nil ? [Markup.number(denseTime, digits: 3), "1.00"] : []) + ["–"]
                + (hasDrift ? ["–"] : []))
        for result in budgets {
            var cells = [
                Markup.number(result.budget, digits: 2), Markup.number(result.load, digits: 3),
                Markup.number(result.macs / 1e6, digits: 1), Markup.number(macShare(result), digits: 3),
            ]
            if hasEmbeddings {
                cells.append(Markup.number(result.meanCosine, digits: 4))
                cells.append(Markup.number(result.neighbourAgreement, digits: 3))
            }
            if hasProbe { cells.append(Markup.number(result.probeAccuracy, digits: 4)) }
            if hasPairs { cells.append(Markup.number(result.spearman, digits: 4)) }
            if !classHeader.isEmpty { cells += result.classes?.cells ?? classHeader.map { _ in "" } }
            if hasErrors { cells += self.cells(result.errors) }
            cells += languages.map {
                Markup.number(result.languageErrors?[$0]?.wordErrorRate, digits: 4)
            }
            if denseTime != nil {
                cells.append(Markup.number(result.millisecondsPerSample, digits: 3))
                cells.append(Markup.number(result.speedup, digits: 2))
            }
            cells.append("\(result.collapsed.count)/\(result.modules.count)")
            if hasDrift { cells.append(Markup.number(result.drift?.divergence, digits: 4)) }
            table.add(cells)
        }
        return table
    }

    private func cells(_ errors: SpeechErrors?) -> [String] {
        [errors?.wordErrorRate, errors?.characterErrorRate].map { Markup.number($0, digits: 4) }
    }
}
