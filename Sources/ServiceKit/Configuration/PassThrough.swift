/// A prefix whose keys are not declared here but handed on as they are (`kafka.` to librdkafka, which checks them).
public struct PassThrough: Sendable {
    /// With its dot: `kafka.`
    public let prefix: String
    public let documentation: String
    /// Lines for the rendered file, commented out there: `("security.protocol", "SASL_SSL")`.
    public let examples: [(key: String, value: String)]

    public init(_ prefix: String, _ documentation: String, examples: [(key: String, value: String)] = []) {
        precondition(prefix.hasSuffix("."), "a pass-through prefix ends with a dot")
        self.prefix = prefix
        self.documentation = documentation
        self.examples = examples
    }
}
