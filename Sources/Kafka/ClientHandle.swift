internal import CRdKafka
internal import Foundation
internal import Synchronization

/// One librdkafka client: the box around its pointer, which frees it when the last user lets go.
///
/// `@unchecked Sendable`: librdkafka's handle may be used from any thread; what has to be called from one thread at a
/// time (polling) is the business of the types that own a handle. Message batches keep their client alive through
/// this box, since freeing a message touches it.
final class ClientHandle: @unchecked Sendable {
    let raw: OpaquePointer
    private let opaque: Unmanaged<ClientContext>
    /// Set when a close ran into its deadline: freeing may then hang as well, and must hang elsewhere.
    private let isStuck = Atomic<Bool>(false)
    private let isUnfreeable = Atomic<Bool>(false)

    init(_ kind: rd_kafka_type_t, _ settings: KafkaSettings, context: ClientContext) throws(KafkaError) {
        var settings = settings
        // At once, on the thread that writes the line: most clients are polled seldom, and one that is given up since no
        // broker answered is never polled again.
        settings["log.queue"] = "false"
        let configuration = try settings.makeConfiguration()
        context.install(on: configuration)
        opaque = Unmanaged.passRetained(context)
        rd_kafka_conf_set_opaque(configuration, opaque.toOpaque())
        var reason = [CChar](repeating: 0, count: 512)
        guard let raw = rd_kafka_new(kind, configuration, &reason, reason.count) else {
            rd_kafka_conf_destroy(configuration)
            opaque.release()
            let sentence = String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            throw KafkaError(code: .invalidArgument, message: sentence)
        }
        self.raw = raw
    }

    /// Says that librdkafka did not finish in time, so that the last release does not wait for it.
    func markStuck() {
        isStuck.store(true, ordering: .relaxed)
    }

    /// Says that freeing would end the process: the client is left as it is for as long as that lives.
    func markUnfreeable() {
        isUnfreeable.store(true, ordering: .relaxed)
    }

    deinit {
        if isUnfreeable.load(ordering: .relaxed) { return }
        let box = SendablePointer(raw: raw)
        let opaque = SendableContext(opaque: opaque)
        let free: @Sendable () -> Void = {
            // Consumers were closed in their own time before; here nothing must wait for a group.
            rd_kafka_destroy_flags(box.raw, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
            opaque.opaque.release()
        }
        if isStuck.load(ordering: .relaxed) {
            Thread.detachNewThread(free)
        } else {
            free()
        }
    }

    /// The error that made this client unusable, if one did.
    var fatalError: KafkaError? {
        var reason = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_fatal_error(raw, &reason, reason.count)
        if code == RD_KAFKA_RESP_ERR_NO_ERROR { return nil }
        let sentence = String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return KafkaError(code, message: sentence, isFatal: true)
    }
}

/// Carries the callbacks' context of a client that nobody else holds to the thread that frees it.
private struct SendableContext: @unchecked Sendable {
    let opaque: Unmanaged<ClientContext>
}
