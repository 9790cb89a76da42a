internal import CYAML

/// One leaf of a YAML document under its dotted key.
struct YAMLNode {
    enum Content {
        case scalar(String)
        case sequence([String])
        case null
        case emptyMap
    }

    let key: String
    let content: Content
    /// Of the key, from 1.
    let line: Int
    let column: Int
}

/// Where and why a text is no YAML that settings can be read from.
struct YAMLError: Error {
    let message: String
    let line: Int
    let column: Int
}

/// Reads one document of nested maps; the leaves come in the order of the file. Anchors, tags and several documents
/// are refused: a settings file needs none of them.
func parseYAML(_ text: String) -> Result<[YAMLNode], YAMLError> {
    var bytes = Array(text.utf8)
    return bytes.withUnsafeMutableBufferPointer { buffer in
        var parser = yaml_parser_t()
        yaml_parser_initialize(&parser)
        defer { yaml_parser_delete(&parser) }
        // An empty array has no address, and libyaml refuses a null one.
        var nothing: UInt8 = 0
        return withUnsafePointer(to: &nothing) { empty in
            yaml_parser_set_input_string(&parser, buffer.baseAddress.map { UnsafePointer($0) } ?? empty, buffer.count)
            return withUnsafeMutablePointer(to: &parser) { pointer in
                var reader = YAMLReader(parser: pointer)
                do throws(YAMLError) {
                    return .success(try reader.readDocument())
                } catch {
                    return .failure(error)
                }
            }
        }
    }
}

private struct Token {
    enum Kind {
        case scalar(String, isPlain: Bool)
        case mapStart, mapEnd, sequenceStart, sequenceEnd, documentEnd, streamEnd, other
    }

    let kind: Kind
    let line: Int
    let column: Int
}

private struct YAMLReader {
    let parser: UnsafeMutablePointer<yaml_parser_t>
    var nodes: [YAMLNode] = []
    var seen: [String: Int] = [:]

    init(parser: UnsafeMutablePointer<yaml_parser_t>) { self.parser = parser }

    mutating func readDocument() throws(YAMLError) -> [YAMLNode] {
        var token = try next()
        while case .other = token.kind { token = try next() }
        switch token.kind {
        case .mapStart: try readMap(prefix: "", depth: 0)
        case .streamEnd: return []
        case .scalar(let text, true) where isNull(text): break
        default: throw error("expected 'key: value' lines", at: token)
        }
        token = try next()
        while true {
            switch token.kind {
            case .streamEnd: return nodes
            case .documentEnd: token = try next()
            default: throw error("only one document is allowed", at: token)
            }
        }
    }

    private mutating func readMap(prefix: String, depth: Int) throws(YAMLError) {
        while true {
            let name = try next()
            if case .mapEnd = name.kind { return }
            guard case .scalar(let text, _) = name.kind else { throw error("a key must be a word", at: name) }
            let key = prefix + text
            let value = try next()
            switch value.kind {
            case .scalar(let text, let isPlain):
                try add(key, isPlain && isNull(text) ? .null : .scalar(text), name)
            case .sequenceStart:
                try add(key, .sequence(try readSequence()), name)
            case .mapStart:
                // libyaml's own stack grows on the heap; ours would not, and no key is that deep.
                guard depth < 32 else { throw error("too many levels", at: value) }
                let before = nodes.count
                try readMap(prefix: key + ".", depth: depth + 1)
                if nodes.count == before { try add(key, .emptyMap, name) }
            default: throw error("expected a value", at: value)
            }
        }
    }

    private mutating func readSequence() throws(YAMLError) -> [String] {
        var words: [String] = []
        while true {
            let token = try next()
            switch token.kind {
            case .scalar(let text, _): words.append(text)
            case .sequenceEnd: return words
            default: throw error("a list holds words only", at: token)
            }
        }
    }

    private mutating func add(_ key: String, _ content: YAMLNode.Content, _ name: Token) throws(YAMLError) {
        if let line = seen.updateValue(name.line, forKey: key) {
            throw error("'\(key)' is given twice, first on line \(line)", at: name)
        }
        nodes.append(YAMLNode(key: key, content: content, line: name.line, column: name.column))
    }

    private func next() throws(YAMLError) -> Token {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw parserError() }
        defer { yaml_event_delete(&event) }
        let mark = event.start_mark
        let (line, column) = (mark.line + 1, mark.column + 1)
        func token(_ kind: Token.Kind) -> Token { Token(kind: kind, line: line, column: column) }
        func check(_ anchor: UnsafePointer<UInt8>?, _ tag: UnsafePointer<UInt8>?) throws(YAMLError) {
            if anchor != nil || tag != nil { throw error("no anchors or tags, please", at: token(.other)) }
        }
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            try check(scalar.anchor, scalar.tag)
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let text = String(decoding: bytes, as: UTF8.self)
            return token(.scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE))
        case YAML_ALIAS_EVENT: throw error("no aliases, please", at: token(.other))
        case YAML_MAPPING_START_EVENT:
            try check(event.data.mapping_start.anchor, event.data.mapping_start.tag)
            return token(.mapStart)
        case YAML_MAPPING_END_EVENT: return token(.mapEnd)
        case YAML_SEQUENCE_START_EVENT:
            try check(event.data.sequence_start.anchor, event.data.sequence_start.tag)
            return token(.sequenceStart)
        case YAML_SEQUENCE_END_EVENT: return token(.sequenceEnd)
        case YAML_DOCUMENT_END_EVENT: return token(.documentEnd)
        case YAML_STREAM_END_EVENT: return token(.streamEnd)
        default: return token(.other)
        }
    }

    private func parserError() -> YAMLError {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "not YAML"
        let mark = parser.pointee.problem_mark
        return YAMLError(message: problem, line: mark.line + 1, column: mark.column + 1)
    }

    private func error(_ message: String, at token: Token) -> YAMLError {
        YAMLError(message: message, line: token.line, column: token.column)
    }
}

private func isNull(_ text: String) -> Bool { ["", "~", "null", "Null", "NULL"].contains(text) }
