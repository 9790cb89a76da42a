import Pipeline
import ServiceKit

/// Every setting of the program: one table makes the YAML keys, the environment names, `--set`, and `Config/freshet.yaml`.
enum Settings {
    static let table = SettingsTable(
        environmentPrefix: "FRESHET",
        sections: [
            "application": "Who this deployment is.",
            "processing": "What is promised, and at what pace.",
            "topics": "The names of the public topics; the internal ones begin with application.id.",
            "ingest": "How events are read.",
            "ratings": "What an event is worth. Lists depend on it, state does not.",
            "learning": "What the folds keep. A change makes another state: rebuild with `freshet replay`.",
            "ranking": "What a list looks like.",
            "training": "Item factors, beside the stream.",
            "features": "The feature store's rows.",
            "publishing": "What is written to the output topics.",
            "server": "The HTTP port of `serve`.",
            "logging": "Log lines on standard error.",
        ],
        settings: application + processing + topics + ingest + ratings + learning + ranking + training + output,
        passThrough: [
            PassThrough(
                "kafka.",
                "Any property of librdkafka, for every client; a secret can come from a file: "
                    + "kafka.sasl.password.file. bootstrap.servers are the brokers where neither --bootstrap nor "
                    + "KAFKA_BOOTSTRAP names any.",
                examples: [
                    (key: "bootstrap.servers", value: "localhost:9092"),
                    (key: "security.protocol", value: "sasl_ssl"), (key: "sasl.mechanism", value: "PLAIN"),
                ])
        ],
        // What the tests and the chaos program go by.
        otherNames: ["FRESHET_KAFKA_TOOL", "FRESHET_PRELOAD"])

    /// What Kafka takes for a topic.
    static let topicName = ValueType.name(charactersMax: 249)

    private static let application = [
        Setting(
            "application.id", .name(charactersMax: 200), default: "freshet",
            "The consumer group, and the prefix of internal topics and transactional ids: two deployments with different "
                + "ids never meet."),
        Setting(
            "instance.id", .name(charactersMax: 200),
            "A name that this instance keeps (a StatefulSet's pod name): it makes the membership static, so that a quick "
                + "restart moves no partition. Unset: a member for as long as it runs."),
        Setting(
            "instance.roles", .list, default: "worker,trainer",
            "What this instance does. worker: learns events and publishes lists. trainer: stands for election as the one "
                + "that trains and publishes items' rows and snapshots; a deployment needs at least one. --http or "
                + "server.http adds the port."
        ),
    ]

    private static let processing = [
        Setting(
            "processing.guarantee", .oneOf(["exactly_once", "at_least_once"]), default: "exactly_once",
            "Kafka Streams' words. exactly_once: state, output and offsets in one transaction."),
        Setting(
            "processing.commit-interval", .duration,
            "From the beginning of one commit to that of the next, at least. Unset: 50ms under exactly_once, where readers "
                + "of committed lists wait for it, and 100ms under at_least_once, where nobody does. Under exactly_once at "
                + "most half of kafka.transaction.timeout.ms (5s)."
        ),
        Setting(
            "processing.batch-records", .int(1...100_000), default: "4096",
            "The most records of one batch. A user's events within a batch give one list."),
        Setting(
            "processing.checkpoint-delay", .duration, default: "30s",
            "How long a change of a user's state may wait for its checkpoint, that is, until it is written to the internal "
                + "users topic; where events come in masses, until a twentieth of them have come since. What has no "
                + "checkpoint yet is learnt again from the events after a restart: longer saves writing, shorter makes a "
                + "start quicker."),
        Setting(
            "processing.checkpoint-bytes", .byteSize(least: 4 << 10), default: "256KB",
            "User states that a commit writes for each partition and commit interval since the last one, the longest-dirty "
                + "first; at most 16MB in all where that is more."),
        Setting(
            "processing.pending-bytes", .byteSize(least: 64 << 10), default: "64MB",
            "Output that may wait for a commit; beyond it nothing more is read."),
    ]

    private static let topics = [
        Setting("topics.events", topicName, default: "events", "Input: the shop's events, keyed by user."),
        Setting("topics.items", topicName, default: "items", "Input: the shop's catalogue, keyed by item."),
        Setting("topics.recommendations", topicName, default: "recommendations", "Output: each user's list."),
        Setting(
            "topics.related-items", topicName, default: "recommendations.items", "Output: each item's related items."),
        Setting("topics.user-features", topicName, default: "features.users", "Output: the feature rows of users."),
        Setting("topics.item-features", topicName, default: "features.items", "Output: the feature rows of items."),
        Setting(
            "topics.dead-letters", topicName, default: "events.dead-letter",
            "Output: records that could not be learnt, byte for byte."),
    ]

    private static let ingest = [
        Setting(
            "ingest.future-bound", .duration, default: "1h",
            "How far an event's own time may lie after the Kafka timestamp of its record. An event within that is learnt "
                + "at the record's timestamp instead of its own time; one beyond becomes a dead letter. It decides what is "
                + "learnt, so it belongs to the state: after a change `serve` refuses the state until `freshet reset` and "
                + "`freshet replay` have rebuilt it."
        ),
        Setting(
            "ingest.rekey", .bool, default: "false",
            "Send the input through an internal topic keyed by user first, for producers that cannot key by user."),
        Setting(
            "ingest.aliases", .list, default: "",
            "More names of event types, as name=type with view, cart, remove_from_cart, purchase or user_deleted."),
        Setting(
            "ingest.skip", .list, default: "",
            "Records of the events topic, as partition:offset, that go to the dead letters without being read. For a record "
                + "that ends the program each time it is read: the last line of the log names its place. Leave the place here "
                + "for as long as the topic holds the record: a replay reads the topic again, and has to skip it too. With "
                + "ingest.rekey places are those in the internal copy, <application.id>.events."
        ),
    ]

    private static let ratings = [
        Setting("ratings.view", .double(0...1000), default: "1", "The rating of a view."),
        Setting("ratings.remove-from-cart", .double(0...1000), default: "2", "The rating of a removal from the cart."),
        Setting("ratings.cart", .double(0...1000), default: "3", "The rating of a cart event."),
        Setting("ratings.purchase", .double(0...1000), default: "4", "The rating of a purchase."),
        Setting("ratings.half-life", .duration, default: "30d", "After which an event is worth half; 0 for no decay."),
    ]

    private static let learning = [
        Setting(
            "learning.history", .int(1...UserStateCodec.historyItemsMax), default: "200",
            "The most items of a user's history."),
        Setting(
            "learning.session-gap", .duration, default: "30m",
            "A pause that begins a new session where events carry no session id."),
        Setting(
            "learning.covisitation.window", .int(1...100), default: "10",
            "How many preceding items an event is paired with."),
        Setting(
            "learning.covisitation.distance-exponent", .double(0...10), default: "0.7",
            "How quickly a pair's weight falls with its distance."),
        Setting(
            "learning.covisitation.backward-weight", .double(0...10), default: "0.6",
            "The weight of a pair in the other direction."),
        Setting(
            "learning.covisitation.half-life", .duration, default: "0", "The half-life of a pair's count; 0 for none."),
        Setting(
            "learning.covisitation.neighbours", .int(8...4096), default: "128",
            "The neighbours that an item's row keeps when it has outgrown its bound."),
        Setting(
            "learning.popularity-half-lives", .list, default: "15m,6h,7d,180d",
            "The half-lives that popularity is kept for; a generation chooses one of them, the only half-life that is fitted."
        ),
        Setting(
            "learning.items", .int(100...100_000_000), default: "1000000",
            "The most items of the table. When there are more, the least active sixteenth of them is forgotten at once, with "
                + "its counts and neighbours."),
    ]

    private static let ranking = [
        Setting("ranking.items", .int(1...1000), default: "20", "N, the length of a list."),
        Setting(
            "ranking.seen", .oneOf(["exclude", "include"]), default: "exclude",
            "Whether items of the user's own history may stand in the list."),
        Setting(
            "ranking.per-category", .int(0...1000), default: "0",
            "The most items of one category; 0 for no limit. Items that were passed over fill a list that would be short."
        ),
        Setting(
            "ranking.exploration", .double(0...1), default: "0",
            "The share of a list's end that is drawn by chance from the next candidates."),
        Setting(
            "ranking.continue-shopping", .int(0...1000), default: "10",
            "The user's own items to go on with; 0 for none."),
        Setting("ranking.seed", .int(0...Int.max), default: "0", "For exploration; stands in the provenance."),
        Setting("ranking.variant", .string, default: "default", "A name for this configuration in the provenance."),
    ]

    private static let training = [
        Setting(
            "training.enabled", .bool, default: "true",
            "Whether this instance trains when it leads; false goes on with the generation there is."),
        Setting(
            "training.model", .string, default: "blend",
            "What the leader trains: the blend of learners, or an algorithm with its settings behind a colon, as `freshet "
                + "tune` says what is best: als:factors=128,sweeps=10. It is served only if it is not worse."),
        Setting("training.factors", .int(4...1024), default: "64", "K, the dimensions of the blend's item factors."),
        Setting(
            "training.interactions", .int(0...Int.max), default: "20000000",
            "The most (user, item) pairs that a training takes, which bounds its memory: past it users are left out, chosen by "
                + "the hashes of their ids; 0 for no bound."),
        Setting(
            "training.first-events", .int(1...Int.max), default: "2000",
            "Events after which the first generation is trained."),
        Setting(
            "training.growth", .double(0.001...10), default: "0.05",
            "The share of new events after which the next generation is trained."),
        Setting(
            "training.interval", .duration, default: "30s", "Wall-clock time between two trainings, at least."),
        Setting(
            "training.age", .duration, default: "24h",
            "Wall-clock time after which few new events are enough for a training; 0 for never."),
        Setting(
            "training.quality-fall", .double(0...1), default: "0.15",
            "The fall of the live NDCG, as a share of what it was after the last training, that makes a training due, if "
                + "it is more than three standard errors; 0 for never. The leader looks at its own users' lists."),
        Setting(
            "training.quality-cases", .int(100...100_000_000), default: "5000",
            "Over how many cases the live NDCG is taken, before and after."),
    ]

    private static let output = [
        Setting(
            "features.interval", .duration, default: "1h", "Event time between two rows of one user or item, at least."),
        Setting(
            "publishing.enabled", .bool, default: "true",
            "false works beside an old deployment without touching any output topic."),
        Setting(
            "publishing.related-interval", .duration, default: "6h",
            "Event time between two lists of related items of one item, at least."),
        Setting(
            "server.http", .string, default: "",
            "HOST:PORT to serve health, readiness, metrics and lists at; --http goes over it. Empty: no port."),
        Setting(
            "logging.level", .oneOf(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
            default: "info", "The least level that is logged."),
        Setting("logging.format", .oneOf(["logfmt", "json"]), default: "logfmt", "How log lines look."),
    ]
}
