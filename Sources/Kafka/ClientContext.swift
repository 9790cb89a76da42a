internal import CRdKafka
internal import Synchronization

/// What librdkafka's callbacks reach through their opaque pointer.
///
/// `@unchecked` because it has subclasses; all stored state is immutable or behind a mutex.
class ClientContext: @unchecked Sendable {
    let log: KafkaLog?
    private let errors = Mutex<[KafkaError]>([])

    /// A flapping broker repeats itself; more than this many errors between two polls say nothing new.
    private static let keptErrorsMax = 64

    init(_ settings: KafkaSettings) {
        log = settings.safeLog
    }

    func record(_ error: KafkaError) {
        errors.withLock { if $0.count < Self.keptErrorsMax { $0.append(error) } }
    }

    func takeErrors() -> [KafkaError] {
        errors.withLock { kept in
            guard !kept.isEmpty else { return [] }
            defer { kept = [] }
            return kept
        }
    }

    /// Adds the callbacks that this kind of client needs.
    func install(on configuration: OpaquePointer) {
        rd_kafka_conf_set_error_cb(configuration, errorCallback)
        rd_kafka_conf_set_log_cb(configuration, logCallback)
    }
}

// C calls these on whatever thread polls, so they are constants of the file: a closure literal inside a function could
// inherit that function's actor and trap.

private let errorCallback:
    @convention(c) (OpaquePointer?, Int32, UnsafePointer<CChar>?, UnsafeMutableRawPointer?) -> Void = {
        client, code, reason, opaque in
        guard let client, let opaque else { return }
        let context = Unmanaged<ClientContext>.fromOpaque(opaque).takeUnretainedValue()
        var code = rd_kafka_resp_err_t(code)
        var sentence = reason.map { String(cString: $0) } ?? ""
        let isFatal = code == RD_KAFKA_RESP_ERR__FATAL
        if isFatal {
            var buffer = [CChar](repeating: 0, count: 512)
            code = rd_kafka_fatal_error(client, &buffer, buffer.count)
            sentence = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        context.record(KafkaError(code, message: sentence, isFatal: isFatal))
    }

private let logCallback: @convention(c) (OpaquePointer?, Int32, UnsafePointer<CChar>?, UnsafePointer<CChar>?) -> Void =
    {
        client, level, facility, message in
        guard let client, let opaque = rd_kafka_opaque(client) else { return }
        guard let log = Unmanaged<ClientContext>.fromOpaque(opaque).takeUnretainedValue().log else { return }
        log(
            KafkaLogLine(
                level: level, facility: facility.map { String(cString: $0) } ?? "",
                message: message.map { String(cString: $0) } ?? ""))
    }
