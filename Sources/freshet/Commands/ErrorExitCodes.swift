public import Kafka
public import Pipeline
public import ServiceKit

/// How commands end, as `freshet --help` lists it. Errors that say nothing else end with 70.
enum ExitCodes {
    static let table: [(code: String, meaning: String)] = [
        ("0", "It is done, or all is well."),
        ("1", "It is done, and what was compared differs, was refused or failed, or what was looked for is not there."),
        ("64", "The command line cannot be understood."),
        ("65", "The data, or a stored state, is not what it has to be."),
        ("66", "A file, or a record that is needed, is not there."),
        ("69", "The broker refuses, or nothing answers there."),
        ("70", "The program has failed by itself: a bug."),
        ("73, 74", "A file cannot be made; reading or writing one failed."),
        ("75", "It cannot be done now: try again later."),
        ("78", "The configuration is wrong."),
        ("128 + N", "Ended by signal N: 130 for Ctrl-C, 143 for SIGTERM."),
    ]
}

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
