import Torch

extension ForwardPass {
    /// Runs one block, in a way that backward repeats where ``recomputesBlocks`` asks for it.
    ///
    /// - Parameters:
    ///   - inputs: all that the block takes and gradients flow through, the parameters aside.
    ///   - body: the block, run in the given pass.
    func runBlock(
        _ inputs: [Tensor], _ body: @escaping ([Tensor], ForwardPass) throws -> Tensor
    ) throws -> Tensor {
        guard recomputesBlocks else { return try body(inputs, self) }
        // Not this pass itself: it will hold what the graph gives, and the graph holds the block.
        let settings = passOfBlock()
        let first = FirstRun(observe)
        let results = try recomputed(inputs) { inputs in
            let pass = settings.passOfBlock()
            pass.observe = first.observe
            let output = try body(inputs, pass)
            first.pass = first.isOver ? nil : pass
            return [output] + pass.reported
        }
        first.isOver = true
        if let pass = first.pass { adopt(pass, reported: Array(results.dropFirst())) }
        (first.pass, first.observe) = (nil, nil)
        guard let output = results.first else { throw TorchError.failure("a block gave nothing") }
        return output
    }

    private func passOfBlock() -> ForwardPass {
        let pass = forBlock()
        pass.tokenMasks = tokenMasks
        pass.leadingTokenCount = leadingTokenCount
        pass.interpolatesPositions = interpolatesPositions
        return pass
    }

    /// What only the run of a block in the forward pass sees and leaves.
    private final class FirstRun {
        var observe: ((ForwardPass, SlotPlace, Tensor, Tensor) throws -> Void)?
        var pass: ForwardPass?
        var isOver = false

        init(_ observe: ((ForwardPass, SlotPlace, Tensor, Tensor) throws -> Void)?) {
            self.observe = observe
        }
    }
}
