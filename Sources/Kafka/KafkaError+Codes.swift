internal import CRdKafka

extension KafkaError.Code {
    init(_ code: rd_kafka_resp_err_t) {
        self.init(rawValue: code.rawValue)
    }

    /// The time that a call was given is over. What it asked for may still happen.
    public static let timedOut = Self(RD_KAFKA_RESP_ERR__TIMED_OUT)
    /// The producer's queue has as much as it takes (`queue.buffering.max.messages` and `.kbytes`): poll, then send
    /// again.
    public static let queueFull = Self(RD_KAFKA_RESP_ERR__QUEUE_FULL)
    /// No broker is connected. librdkafka goes on trying.
    public static let allBrokersDown = Self(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
    /// A connection to a broker failed or was closed.
    public static let transport = Self(RD_KAFKA_RESP_ERR__TRANSPORT)
    /// A broker's name has no address.
    public static let resolve = Self(RD_KAFKA_RESP_ERR__RESOLVE)
    /// The handshake of TLS failed, on either side.
    public static let tls = Self(RD_KAFKA_RESP_ERR__SSL)
    /// The broker does not take the credentials, or the mechanism.
    public static let authentication = Self(RD_KAFKA_RESP_ERR__AUTHENTICATION)
    /// The broker's access rules do not let this user do that with the topic, or with the group.
    public static let topicAuthorizationFailed = Self(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
    public static let groupAuthorizationFailed = Self(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
    /// What librdkafka was given is none of what it takes: a property, a name, a number.
    public static let invalidArgument = Self(RD_KAFKA_RESP_ERR__INVALID_ARG)
    /// The call does not fit the client's state, such as a commit without a transaction.
    public static let state = Self(RD_KAFKA_RESP_ERR__STATE)
    /// The client is beyond repair; librdkafka keeps the cause (`Producer.fatalError`).
    public static let fatal = Self(RD_KAFKA_RESP_ERR__FATAL)
    /// librdkafka's own word for a producer in whose place another one of the same `transactional.id` works by now.
    public static let fenced = Self(RD_KAFKA_RESP_ERR__FENCED)
    /// Dropped by a purge, or with an aborted transaction, before it was sent.
    public static let purgedFromQueue = Self(RD_KAFKA_RESP_ERR__PURGE_QUEUE)
    /// Dropped in the same way after it was sent: it may have been written.
    public static let purgedInFlight = Self(RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
    /// The offset to read from does not exist (any longer), and `auto.offset.reset` is `error`.
    public static let autoOffsetReset = Self(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
    /// The broker does not have the offset: its record has expired, or the log ends before it.
    public static let offsetOutOfRange = Self(RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
    /// The cluster has no such partition, or no such topic, as far as the client has heard.
    public static let unknownPartition = Self(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
    public static let unknownTopic = Self(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
    /// A broker does not know the partition: it was deleted, never made, or made a moment ago.
    public static let unknownTopicOrPartition = Self(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
    public static let topicAlreadyExists = Self(RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
    /// Settings of a topic that the broker refuses.
    public static let invalidConfiguration = Self(RD_KAFKA_RESP_ERR_INVALID_CONFIG)
    /// The group has shared out its partitions anew since what this member names.
    public static let illegalGeneration = Self(RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION)
    /// The group has expelled this member, or never had it.
    public static let unknownMember = Self(RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID)
    /// The group is sharing out its partitions: this member has to join again first.
    public static let rebalanceInProgress = Self(RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS)
    /// Another producer has begun with the same `transactional.id` (KIP-98; a code of its own since KIP-588).
    public static let producerFenced = Self(RD_KAFKA_RESP_ERR_PRODUCER_FENCED)
    /// The broker knows a newer epoch of this producer: another one has begun, or its transaction took too long and was
    /// aborted.
    public static let invalidProducerEpoch = Self(RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH)
    /// Another consumer has joined with the same `group.instance.id` (KIP-345).
    public static let fencedInstance = Self(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
    /// A record, or a batch of them, is beyond `message.max.bytes` of the client or the topic's `max.message.bytes`.
    public static let messageTooLarge = Self(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
    /// The group has members, so it can be neither deleted nor moved.
    public static let groupNotEmpty = Self(RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP)
    public static let groupNotFound = Self(RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND)
    /// A committed offset is not settled yet: a transaction that moves it is still open (KIP-447).
    public static let unstableOffsetCommit = Self(RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT)

    static let fencing: Set<Self> = [.fenced, .producerFenced, .invalidProducerEpoch, .fencedInstance]

    /// Rights or a login that somebody has to give.
    static let unauthorized: Set<Self> = [
        .topicAuthorizationFailed, .groupAuthorizationFailed, .authentication,
        Self(RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
        Self(RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED), Self(RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED),
    ]

    static let unreachable: Set<Self> = [.transport, .allBrokersDown, .resolve, .tls, .authentication]

    /// A partition that was made a moment ago, or that moves to another broker, has no leader for a while, or one that does
    /// not know it yet. (Of a topic that does not exist librdkafka says so by itself.)
    static let leaderless: Set<Self> = [
        Self(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART),
        Self(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE), Self(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION),
    ]

    /// Codes that pass by themselves. librdkafka attaches flags only to its error objects (the transactional calls and
    /// a few others); a bare code carries none, so this list stands in for them.
    static let passing: Set<Self> = [
        .timedOut, .queueFull, .allBrokersDown, .transport, .unstableOffsetCommit,
        Self(RD_KAFKA_RESP_ERR__WAIT_COORD),
        Self(RD_KAFKA_RESP_ERR__RETRY),
        Self(RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE),
        Self(RD_KAFKA_RESP_ERR__IN_PROGRESS),
        Self(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE),
        Self(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION),
        Self(RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT),
        Self(RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION),
        Self(RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS),
        Self(RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE),
        Self(RD_KAFKA_RESP_ERR_NOT_COORDINATOR),
        Self(RD_KAFKA_RESP_ERR_NOT_CONTROLLER),
        Self(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS),
        Self(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND),
        Self(RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS),
        Self(RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR),
    ]
}

extension KafkaError {
    /// A broker is there, but the two do not agree on TLS, or on who the client is: waiting is of no use.
    public var isAboutLogin: Bool { code == .authentication || code == .tls }

    /// Takes the error object over and frees it.
    init(consuming error: OpaquePointer) {
        self.init(
            code: Code(rd_kafka_error_code(error)), message: String(cString: rd_kafka_error_string(error)),
            isFatal: rd_kafka_error_is_fatal(error) != 0, isRetriable: rd_kafka_error_is_retriable(error) != 0,
            isAbortable: rd_kafka_error_txn_requires_abort(error) != 0)
        rd_kafka_error_destroy(error)
    }

    /// An error that came as a bare code, with librdkafka's sentence for it unless a better one is at hand.
    init(_ code: rd_kafka_resp_err_t, message: String? = nil, isFatal: Bool = false) {
        let code = Code(code)
        self.init(
            code: code, message: message ?? String(cString: rd_kafka_err2str(rd_kafka_resp_err_t(code.rawValue))),
            isFatal: isFatal || code == .fatal || Code.fencing.contains(code),
            isRetriable: Code.passing.contains(code))
    }

    /// Throws unless the code says that all is well.
    static func check(_ code: rd_kafka_resp_err_t) throws(KafkaError) {
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(code) }
    }

    /// Throws the error object that a call returned, if it returned one.
    static func check(consuming error: OpaquePointer?) throws(KafkaError) {
        if let error { throw KafkaError(consuming: error) }
    }
}
