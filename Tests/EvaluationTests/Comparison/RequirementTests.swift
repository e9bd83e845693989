import Testing
import Torch

@testable import Evaluation

@Suite struct RequirementTests {
    @Test func theGrammar() throws {
        let plain = try Requirement("top1>=0.80 at budget 0.5")
        #expect(plain.subject == .quality(.top1) && plain.relation == .atLeast && plain.bound == 0.8)
        #expect(plain.place == .budget(0.5) && !plain.isSure && !plain.isDifference)
        #expect(try Requirement("  wer  <  1e-1  at dense ").place == .dense)
        let sure = try Requirement("surely difference top1 >= -0.01")
        #expect(sure.isSure && sure.isDifference && sure.bound == -0.01 && sure.place == .everyBudget)
        #expect(try Requirement("speedup>1").subject == .figure(.speedup))
    }

    @Test(arguments: [
        ("", "expected one of top1"), ("top9>1", "found \"top9\""),
        ("top1", "expected >=, <=, > or < behind top1"),
        ("top1=0.5", "found \"=\""), ("top1>=", "expected a number behind >="),
        ("top1>=nan", "found \"nan\""),
        ("top1>=0.5 at budget", "expected \"at budget\" and a number"),
        ("top1>=0.5 at budget 2", "expected a budget in 0...1, found \"2\""),
        ("top1>=0.5 always", "found \"always\""), ("surely load<0.5", "surely and difference go with"),
    ])
    func wrongOnesAreToldInASentence(_ text: String, _ part: String) {
        do {
            _ = try Requirement(text)
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.localizedDescription.contains(part), "\(error.localizedDescription)")
            #expect(error.localizedDescription.hasSuffix("."))
        }
    }

    @Test func evaluationsAreAsked() throws {
        let fixture = try ReportFixture()
        defer { fixture.remove() }
        let report = try fixture.report()
        func outcome(_ text: String) throws -> RequirementOutcome { try Requirement(text).check(report) }
        #expect(try outcome("top1>=0.75 at budget 1").isMet && outcome("top1>=0.75 at dense").isMet)
        let failed = try outcome("top1>=0.75")
        #expect(!failed.isMet && failed.text.contains("not met: 0.5000 at budget 0.50."))
        #expect(try outcome("load<=0.5 at budget 0.5").isMet && outcome("share<0.61 at budget 0.5").isMet)
        #expect(try outcome("speedup>1.3").isMet && !outcome("speedup>1.4").isMet)
        // Three of four right among 40: surely above 0.55, not surely above 0.7.
        #expect(try outcome("surely top1>0.55 at budget 1").isMet)
        #expect(try !outcome("surely top1>0.7 at budget 1").isMet)
        #expect(throws: EvaluationError.self) { try outcome("top1>0.5 at budget 0.1") }
        #expect(throws: EvaluationError.self) { try outcome("wer<0.5") }
        #expect(throws: EvaluationError.self) { try outcome("difference top1>0") }
    }
}
