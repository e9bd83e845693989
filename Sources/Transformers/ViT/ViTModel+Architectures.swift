import Torch

extension ViTModel {
    static let architectures = [
        Architecture("ViTModel", modelType: "vit", task: .embedding) { try make($0, pooler($0)) },
        Architecture("ViTForImageClassification", modelType: "vit", task: .classification) {
            try make($0, .classifier(classCount: $0.reader.classCount()))
        },
        Architecture("DeiTModel", modelType: "deit", task: .embedding) {
            try make($0, pooler($0), hasDistillationToken: true)
        },
        Architecture("DeiTForImageClassification", modelType: "deit", task: .classification) {
            try make($0, .classifier(classCount: $0.reader.classCount()), hasDistillationToken: true)
        },
        Architecture("DeiTForImageClassificationWithTeacher", modelType: "deit", task: .classification) {
            try make(
                $0, .classifierWithTeacher(classCount: $0.reader.classCount()), hasDistillationToken: true)
        },
    ]

    private static func pooler(_ description: ModelDescription) -> Head {
        description.hasTensor("pooler.dense.weight") ? .pooler : .none
    }

    private static func make(
        _ description: ModelDescription, _ head: Head, hasDistillationToken: Bool = false
    ) throws -> ViTModel {
        try ViTModel(
            configuration: description.configuration, sizes: ViTConfiguration(description.reader),
            hasDistillationToken: hasDistillationToken, head: head)
    }
}
