import Foundation
import Testing
import Torch

@testable import Transformers

@Suite struct ClassifierHeadTests {
    @Test func eachKindOfModelHasItsClassifier() {
        let wanted = [
            "BertModel": "BertForSequenceClassification", "BertForMaskedLM": "BertForSequenceClassification",
            "BertForSequenceClassification": "BertForSequenceClassification",
            "ViTModel": "ViTForImageClassification", "DeiTModel": "DeiTForImageClassification",
            "Dinov2Model": "Dinov2ForImageClassification",
            "Dinov2WithRegistersModel": "Dinov2WithRegistersForImageClassification",
            "DeiTForImageClassificationWithTeacher": nil, "Wav2Vec2ForCTC": nil, "WhisperModel": nil,
        ]
        for (name, classifier) in wanted {
            let found = Architecture.all.first { $0.name == name }
            #expect(found != nil && found?.classifier?.name == classifier, "\(name)")
        }
    }

    @Test func theConfigurationNamesTheClasses() throws {
        let before: JSONValue = [
            "architectures": ["BertModel"], "hidden_size": 4, "num_labels": 2, "id2label": ["0": "x"],
        ]
        let after = before.describingClassifier(
            "BertForSequenceClassification", classNames: ["b", "a", "c"])
        let reader = try JSONObjectReader(after, source: "config.json")
        #expect(try reader.classCount() == 3 && reader.classNames() == ["b", "a", "c"])
        #expect(after["label2id"]?["c"]?.integerValue == 2 && after["hidden_size"]?.integerValue == 4)
        #expect(after["architectures"] == ["BertForSequenceClassification"])
        let without = JSONValue.object(JSONObject()).describingClassifier("X", classNames: ["a", "b"])
        #expect(without["num_labels"] == nil)
    }
}
