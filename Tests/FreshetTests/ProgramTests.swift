import Testing

/// The whole program on a real Kafka of its own: one test after another, since each needs the machine for itself.
@Suite(.serialized, .enabled(if: KafkaTool.isAvailable, Comment(rawValue: KafkaTool.skipReason)))
struct ProgramTests {}
