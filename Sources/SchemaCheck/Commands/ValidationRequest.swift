import ContractCompiler
import JSONSchema

/// One line of `schema-check serve`.
enum ValidationRequest {
    /// The response, also one line.
    static func response(to line: [UInt8]) -> String {
        do throws(RequestError) {
            return try results(of: request(line))
        } catch {
            return #"{"error":\#(NodeWriter.quoted(error.message))}"#
        }
    }

    private struct RequestError: Error {
        let message: String
    }

    private static func request(_ line: [UInt8]) throws(RequestError) -> Node {
        do throws(ReadingError) {
            return try Node.readJSON(SourceFile(path: "request.json", displayPath: "request", bytes: line))
        } catch {
            throw RequestError(message: "the request is not JSON: \(error.message) at column \(error.location.column)")
        }
    }

    private static func results(of request: Node) throws(RequestError) -> String {
        guard request.members != nil else {
            throw RequestError(message: "the request is \(request.kindDescription), expected an object")
        }
        let schema = try member("schema", of: request, "an object or a boolean") {
            $0.members != nil || $0.boolean != nil ? $0 : nil
        }
        let instances = try member("instances", of: request, "an array") { $0.items }
        guard let schema else { throw RequestError(message: "the request lacks 'schema'") }
        guard let instances else { throw RequestError(message: "the request lacks 'instances'") }
        let registry = try member("registry", of: request, "an object") { $0.members } ?? []
        let dialect = try member("dialect", of: request, "a string") { $0.string }
        let assertsFormats = try member("assert_format", of: request, "a boolean") { $0.boolean }
        do throws(SchemaError) {
            var validator = try SchemaValidator(
                schema,
                registry: Dictionary(registry.map { ($0.key, $0.value) }) { first, _ in first },
                dialect: dialect ?? Dialect.standardURI,
                assertsFormats: assertsFormats ?? false
            )
            return #"{"results":[\#(instances.map { result(of: $0, &validator) }.joined(separator: ","))]}"#
        } catch {
            throw RequestError(message: error.description)
        }
    }

    private static func member<Value>(
        _ name: String,
        of request: Node,
        _ expected: String,
        _ read: (Node) -> Value?
    ) throws(RequestError) -> Value? {
        guard let node = request[name] else { return nil }
        guard let value = read(node) else {
            throw RequestError(message: "'\(name)' is \(node.kindDescription), expected \(expected)")
        }
        return value
    }

    private static func result(of instance: Node, _ validator: inout SchemaValidator) -> String {
        do throws(SchemaError) {
            return try validator.validate(instance).errorsOnly
        } catch {
            return #"{"error":\#(NodeWriter.quoted(error.description))}"#
        }
    }
}
