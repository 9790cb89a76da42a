import Kafka
import Pipeline

/// Dead letters of the catalogue on Kafka, through a producer of their own that is made when the first one comes.
final class CatalogueDeadLetters: DeadLetterOutput {
    private let settings: KafkaEventLog.Settings
    private var producer: Producer?
    private var most: Int?
    /// A broker's default, for a topic that this client may not ask about.
    private static let usualBytes = 1_048_588
    /// What a batch of one record takes beside key, value and headers, generously.
    private static let overhead = 256

    init(_ settings: KafkaEventLog.Settings) { self.settings = settings }

    func bytesMax() throws(LogError) -> Int {
        if let most { return most }
        let name = settings.topics.deadLetters
        // The broker inside the program has no settings to ask for.
        let known =
            settings.memory == nil
            ? try? Admin(settings.client, timeoutMilliseconds: 5_000).describeSettings(ofTopics: [name])[name] : nil
        let bytes = known?["max.message.bytes"].flatMap { Int($0.value) } ?? Self.usualBytes
        most = bytes - Self.overhead
        return bytes - Self.overhead
    }

    func add(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, headers: [(name: String, value: [UInt8]?)]
    ) throws(LogError) {
        do throws(KafkaError) {
            let producer = try opened()
            let topic = producer.topic(settings.topics.deadLetters)
            let headers = headers.map { MessageHeader($0.name, bytes: $0.value) }
            while try producer.send(topic, key: key, value: value, headers: headers) == .queueFull {
                producer.poll(timeoutMilliseconds: 20)
                if let error = producer.fatalError { throw error }
            }
        } catch {
            throw LogError(.retriable, "sending a dead letter of the catalogue: \(error)")
        }
    }

    func flush() throws(LogError) {
        guard let producer else { return }
        do throws(KafkaError) {
            try producer.flush(timeoutMilliseconds: 30_000)
            if let error = producer.takeFailure() { throw error }
        } catch {
            throw LogError(.retriable, "writing dead letters of the catalogue: \(error)")
        }
    }

    private func opened() throws(KafkaError) -> Producer {
        if let producer { return producer }
        var producing = settings.client
        producing["client.id"] = settings.transactionalID + "-letters"
        producing["message.max.bytes"] = producing["message.max.bytes"] ?? "8000000"
        let made = try Producer(producing)
        producer = made
        return made
    }
}
