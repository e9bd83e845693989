import Testing
import Torch

@testable import Evaluation

@Suite struct TranscriptionScoreTests {
    func transcript(_ text: String, _ duration: Double) -> Transcript {
        Transcript(text: text, language: nil, segments: [], duration: duration, load: nil)
    }

    /// One word of four is wrong; "tens" has an n where "pin" has it, and three other letters.
    @Test func errorsAndTimesAreSummed() {
        var score = TranscriptionScore()
        score.add(transcript("Enter the PIN!", 2), reference: "enter the, pin", seconds: 1)
        score.add(transcript("tens", 3), reference: "Pin.", seconds: 0.5)
        #expect(score.soundCount == 2 && score.duration == 5 && score.seconds == 1.5)
        #expect(score.realTimeFactor == 0.3)
        #expect(score.words.errorCount == 1 && score.words.referenceCount == 4)
        #expect(score.characters.errorCount == 3 && score.characters.referenceCount == 16)
        #expect(score.json["word_error_rate"] == 0.25 && score.json["sounds"] == 2)
        #expect(score.json["character_error_rate"] == .number(3.0 / 16))
        #expect(score.json["real_time_factor"] == 0.3)
    }

    /// JSON has no infinite numbers.
    @Test func whatCannotBeDividedIsNull() throws {
        var score = TranscriptionScore()
        #expect(score.json["real_time_factor"] == .null)
        score.add(transcript("you", 2), reference: "...", seconds: 1)
        #expect(score.json["word_error_rate"] == .null && score.json["character_error_rate"] == .null)
        #expect(try JSONValue(parsing: score.json.text()) == score.json)
    }
}
