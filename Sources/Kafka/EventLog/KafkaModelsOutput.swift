public import Pipeline

/// Writes to the models topic for a command, outside transactions: what is written counts by its last records only.
public final class KafkaModelsOutput {
    private let producer: Producer
    private let name: String
    /// Of a record that the topic takes.
    public let bytesMax: Int

    public init(_ settings: KafkaEventLog.Settings) throws(LogError) {
        do throws(KafkaError) {
            var producing = settings.client
            producing["message.max.bytes"] = producing["message.max.bytes"] ?? "\(KafkaSettings.messageBytesMax)"
            producer = try Producer(producing)
            name = settings.topics[.models]
        } catch {
            throw LogError(error, doing: "connecting")
        }
        bytesMax = try TopicSurvey(settings).bytesMax(.models)
    }

    /// Writes records in their order and waits until all of them are acknowledged.
    public func write(_ records: [GenerationRecords.Record]) throws(LogError) {
        let topic = producer.topic(name)
        for record in records {
            try withBytes(Array(record.key.utf8), record.value) { (key, value) throws(LogError) in
                try producer.sendWaiting(topic, partition: 0, key: key, value: value, headers: [], tag: 0)
            }
        }
        do throws(KafkaError) {
            try producer.flush(timeoutMilliseconds: 60_000)
            if let error = producer.takeFailure() { throw error }
        } catch {
            throw LogError(error, doing: "writing to \(name)")
        }
    }

    private func withBytes(
        _ key: [UInt8], _ value: [UInt8]?,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) throws(LogError) -> Void
    ) throws(LogError) {
        // The closures of the standard library do not carry a typed error through two levels.
        let result = key.withUnsafeBytes { key in
            guard let value else { return Result { () throws(LogError) in try body(key, nil) } }
            return value.withUnsafeBytes { value in Result { () throws(LogError) in try body(key, value) } }
        }
        try result.get()
    }
}
