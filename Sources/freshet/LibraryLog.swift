import Kafka
import ServiceKit
import Synchronization

/// librdkafka's own log among the program's lines.
///
/// What it warns of is shown, and what `kafka.debug` asks for; the rest is for `logging.level: debug`. To the library a broker
/// that is away is an error, which each of its clients repeats several times a second; the program outlives it. So these are
/// warnings, and of each kind there is one in five seconds, with the number of those in between.
final class LibraryLog: Sendable {
    /// The process's own: its clients speak of the same brokers.
    static let shared = LibraryLog(Logger(label: "freshet.kafka"), now: monotonicMilliseconds)

    static let quietMilliseconds: UInt64 = 5_000

    private let logger: Logger
    private let now: @Sendable () -> UInt64
    /// By kind, when a line was shown last and how many were not since then.
    private let shown = Mutex<[String: (at: UInt64, unseen: Int)]>([:])

    init(_ logger: Logger, now: @escaping @Sendable () -> UInt64) {
        self.logger = logger
        self.now = now
    }

    func receive(_ line: KafkaLogLine) {
        switch line.level {
        // Syslog's emergency to critical: a client that can no longer be used.
        case ...2: write(line, .error)
        case 3, 4: write(line, .warning)
        case 5, 6: logger.debug("\(line.message)", metadata: ["facility": "\(line.facility)"])
        // There are none unless `kafka.debug` names what they are to be about: then they are wanted.
        default: logger.info("\(line.message)", metadata: ["facility": "\(line.facility)"])
        }
    }

    private func write(_ line: KafkaLogLine, _ level: Logger.Level) {
        // All clients get all of kafka.*, consumers what is for producers too.
        if line.facility == "CONFWARN", line.message.contains("will be ignored by this") { return }
        let now = now()
        let unseen: Int? = shown.withLock { shown in
            if let last = shown[line.facility], now < last.at + Self.quietMilliseconds {
                shown[line.facility] = (last.at, last.unseen + 1)
                return nil
            }
            return shown.updateValue((now, 0), forKey: line.facility)?.unseen ?? 0
        }
        guard let unseen else { return }
        let more = unseen > 0 ? " (and \(unseen) more of this kind since the last one)" : ""
        logger.log(level: level, "\(line.message)\(more)", metadata: ["facility": "\(line.facility)"])
    }
}
