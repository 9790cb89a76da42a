public import Kafka
public import Pipeline
public import ServiceKit

/// How a command ends that cannot do its work: never with 1, which says that what it compared differs or was refused.
extension LogError: ExitCoding {
    public var exitCode: Int32 {
        switch kind {
        case .retriable, .fenced: 75
        case .fatal: 69
        case .state: 65
        case .gone: 66
        }
    }
}

extension KafkaError: ExitCoding {
    public var exitCode: Int32 { isRetriable ? 75 : 69 }
}
