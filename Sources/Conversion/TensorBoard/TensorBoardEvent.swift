/// One event of a TensorBoard file: what the file is, or values of a step.
///
/// - Source: `tensorboard/compat/proto/event.proto` and `summary.proto`.
struct TensorBoardEvent {
    enum Value: Equatable {
        case scalar(tag: String, Double)
        /// How often each of the numbers 0, 1, … came.
        case counts(tag: String, [Int])
    }

    enum Content: Equatable {
        case fileVersion
        case values([Value])
    }

    /// Seconds since 1970.
    let wallTime: Double
    let step: Int
    let content: Content

    var message: ProtobufMessage {
        var event = ProtobufMessage()
        event.add(1, wallTime)
        if step != 0 { event.add(2, step) }
        switch content {
        case .fileVersion: event.add(3, "brain.Event:2")
        case .values(let values):
            var summary = ProtobufMessage()
            for value in values { summary.add(1, Self.message(value)) }
            event.add(5, summary)
        }
        return event
    }

    private static func message(_ value: Value) -> ProtobufMessage {
        var message = ProtobufMessage()
        switch value {
        case .scalar(let tag, let number):
            message.add(1, tag)
            message.add(2, Float(number))
        case .counts(let tag, let counts):
            message.add(1, tag)
            message.add(5, histogram(counts))
        }
        return message
    }

    /// A `HistogramProto` with one bucket for each number, from a half below it to a half above.
    private static func histogram(_ counts: [Int]) -> ProtobufMessage {
        let numbers = counts.enumerated()
        var histogram = ProtobufMessage()
        // The edges of the first and last bucket: TensorBoard draws from there.
        histogram.add(1, -0.5)
        histogram.add(2, Double(counts.count) - 0.5)
        histogram.add(3, Double(counts.reduce(0, +)))
        histogram.add(4, Double(numbers.reduce(0) { $0 + $1.offset * $1.element }))
        histogram.add(5, Double(numbers.reduce(0) { $0 + $1.offset * $1.offset * $1.element }))
        histogram.add(6, packed: counts.indices.map { Double($0) + 0.5 })
        histogram.add(7, packed: counts.map(Double.init))
        return histogram
    }

    /// The event as one record of a file: length, its checksum, the message, its checksum.
    ///
    /// - Source: `tensorflow/core/lib/io/record_writer.h`.
    var record: [UInt8] {
        let content = message.bytes
        let length = UInt64(content.count).littleEndianBytes
        return length + CRC32C.masked(length).littleEndianBytes + content
            + CRC32C.masked(content).littleEndianBytes
    }
}
