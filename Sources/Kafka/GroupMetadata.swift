internal import CRdKafka

/// A member's standing in its group at one moment: what a transaction shows to the group's coordinator, so that a
/// member that was replaced cannot commit. Fetch it afresh for every transaction.
public final class GroupMetadata: @unchecked Sendable {
    // Immutable once made, and librdkafka only reads it: safe to hand to the thread that commits.
    let raw: OpaquePointer

    init?(_ client: ClientHandle) {
        guard let raw = rd_kafka_consumer_group_metadata(client.raw) else { return nil }
        self.raw = raw
    }

    /// Standing of a committer that is no member, such as a tool that sets a group's offsets in a transaction.
    public init(groupID: String) {
        raw = rd_kafka_consumer_group_metadata_new(groupID)
    }

    deinit {
        rd_kafka_consumer_group_metadata_destroy(raw)
    }
}
