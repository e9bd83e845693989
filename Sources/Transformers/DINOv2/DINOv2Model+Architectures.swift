import Torch

extension DINOv2Model {
    static let architectures = [
        Architecture("Dinov2Model", modelType: "dinov2", task: .embedding) { try make($0) },
        Architecture("Dinov2ForImageClassification", modelType: "dinov2", task: .classification) {
            try make($0, classCount: $0.reader.classCount())
        },
        Architecture("Dinov2WithRegistersModel", modelType: "dinov2_with_registers", task: .embedding) {
            try make($0, hasRegisters: true)
        },
        Architecture(
            "Dinov2WithRegistersForImageClassification", modelType: "dinov2_with_registers",
            task: .classification
        ) {
            try make($0, classCount: $0.reader.classCount(), hasRegisters: true)
        },
    ]

    private static func make(
        _ description: ModelDescription, classCount: Int? = nil, hasRegisters: Bool = false
    ) throws -> DINOv2Model {
        try DINOv2Model(
            configuration: description.configuration,
            sizes: DINOv2Configuration(description.reader, hasRegisters: hasRegisters),
            hasRegisters: hasRegisters, classCount: classCount)
    }
}
