/// The box in which a pointer to one of librdkafka's objects crosses threads.
///
/// `@unchecked Sendable`: librdkafka's clients, queues and topics lock themselves and may be used from any thread.
/// Nothing else is put into it.
struct SendablePointer: @unchecked Sendable {
    let raw: OpaquePointer
}
