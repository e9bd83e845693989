import Foundation
import Testing

@testable import Torch

@Suite struct CTCLossTests {
    let golden: [String: Tensor]

    init() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Goldens/ctc/losses.safetensors")
        golden = try SafetensorsFile(file).tensors()
    }

    /// Three rows that alignments fit, and a fourth that none fits, whose loss is left out.
    @Test(arguments: [3, 4], Loss.CTCReduction.allCases)
    func valueAndGradientAreThoseOfTransformers(rows: Int, reduction: Loss.CTCReduction) throws {
        func part(_ name: String) throws -> Tensor { try #require(golden[name]).slice(0..<rows, axis: 0) }
        let logits = try part("logits").clone().setRequiresGradient()
        let loss = try Loss.ctc(
            logits, labels: part("labels"), lengths: part("lengths"), blank: 2, reduction: reduction,
            zeroInfinity: rows == 4)
        let wanted = try #require(golden["\(reduction.rawValue).\(rows).loss"])
        #expect(try abs(loss.item(Double.self) - wanted.item(Double.self)) < 1e-4)
        try loss.backward()
        let gradient = try #require(try logits.gradient)
        let wantedGradient = try #require(golden["\(reduction.rawValue).\(rows).gradient"])
        #expect(try (gradient - wantedGradient).absolute().maximum().item(Double.self) < 1e-5)
    }

    /// Two frames of equal odds among three classes: "1" is aligned as 1·1, 1·blank and blank·1.
    @Test func oneLabelInTwoFrames() throws {
        let loss = try Loss.ctc(
            .zeros([1, 2, 3]), labels: Tensor([1] as [Int64], shape: [1, 1]), lengths: Tensor([2] as [Int64]),
            blank: 0, reduction: .sum)
        #expect(abs(try loss.item(Double.self) - log(3)) < 1e-6)
    }

    @Test func impossibleLabelsAreInfinite() throws {
        let labels = try Tensor([1, 1] as [Int64], shape: [1, 2])
        for (zeroInfinity, wanted) in [(false, Double.infinity), (true, 0)] {
            // The same label twice needs a blank between: three frames.
            let loss = try Loss.ctc(
                .zeros([1, 2, 3]), labels: labels, lengths: Tensor([2] as [Int64]), blank: 0,
                reduction: .sum, zeroInfinity: zeroInfinity)
            #expect(try loss.item(Double.self) == wanted)
        }
    }

    @Test func labelsAndShapesThatDoNotFitAreRefused() throws {
        func message(_ labels: Tensor, _ lengths: Tensor) throws -> String {
            let error = #expect(throws: TorchError.self) {
                try Loss.ctc(.zeros([1, 2, 3]), labels: labels, lengths: lengths, blank: 0, reduction: .mean)
            }
            return error?.localizedDescription ?? ""
        }
        let lengths = try Tensor([2] as [Int64])
        #expect(
            try message(Tensor([1, 3] as [Int64], shape: [1, 2]), lengths).contains(
                "below 3, the number of classes, found 3"))
        #expect(try message(Tensor([1] as [Int64]), lengths).contains("[batch, labels]"))
        #expect(
            try message(Tensor([1] as [Int64], shape: [1, 1]), Tensor([2, 2] as [Int64])).contains("lengths"))
    }
}
