internal import ContractCompiler
internal import Formats
internal import Patterns

/// A schema compiled for validation: its keywords in the order in which they must be applied.
final class CompiledSchema {
    /// A keyword and its compiled value.
    struct Clause {
        let name: String
        let node: Node
        let assertion: Assertion
    }

    /// The compiled value of a keyword. Most cases have the name of the keyword.
    enum Assertion {
        case annotation
        case type(Set<String>)
        case values([Node])
        case multipleOf(ExactNumber)
        case bound(isMaximum: Bool, isExclusive: Bool, ExactNumber)
        case length(isMaximum: Bool, Int)
        case pattern(Pattern)
        case format(Format)
        case itemCount(isMaximum: Bool, Int)
        case uniqueItems
        case propertyCount(isMaximum: Bool, Int)
        case required([String])
        case dependentRequired([(String, [String])])
        case reference(Node)
        case dynamicReference(Node)
        case allOf([CompiledSchema])
        case anyOf([CompiledSchema])
        case oneOf([CompiledSchema])
        case not(CompiledSchema)
        case condition(CompiledSchema, then: CompiledSchema?, else: CompiledSchema?)
        case dependentSchemas([(String, CompiledSchema)])
        case dependencies([(String, [String])], [(String, CompiledSchema)])
        case prefixItems([CompiledSchema])
        case items(CompiledSchema, after: Int)
        case contains(CompiledSchema, minimum: Int, maximum: Int?)
        case properties(Properties)
        case patternProperties([(Pattern, CompiledSchema)])
        case additionalProperties(CompiledSchema, besides: Set<[UInt8]>, [Pattern])
        case propertyNames(CompiledSchema)
        case unevaluatedItems(CompiledSchema)
        case unevaluatedProperties(CompiledSchema)
    }

    /// The schemas of members by name.
    struct Properties {
        private let list: [(String, CompiledSchema)]
        private let places: [[UInt8]: Int]

        init(_ list: [(String, CompiledSchema)]) {
            self.list = list
            places = Dictionary(list.enumerated().map { (Array($1.0.utf8), $0) }) { first, _ in first }
        }

        /// The members that have a schema, in the order of the schemas. If two members have the same name, the first counts.
        func matches(_ members: [Node.Member]) -> [(name: String, schema: CompiledSchema, member: Node.Member)] {
            // For a few names, a linear search is faster.
            if list.count <= 8 {
                return list.compactMap { name, schema in
                    members.first { $0.key.utf8.elementsEqual(name.utf8) }.map { (name, schema, $0) }
                }
            }
            var found: [Int: Node.Member] = [:]
            for member in members {
                guard let place = places[Array(member.key.utf8)], found[place] == nil else { continue }
                found[place] = member
            }
            return found.sorted { $0.key < $1.key }.map { (list[$0.key].0, list[$0.key].1, $0.value) }
        }
    }

    let node: Node
    let resource: SchemaResource
    /// The value of a boolean schema.
    let always: Bool?
    var clauses: [Clause] = []
    /// The targets of this schema's references that were resolved so far.
    var target: (schema: CompiledSchema, dynamicAnchor: String?)?
    var dynamicTarget: (schema: CompiledSchema, dynamicAnchor: String?)?

    init(_ node: Node, in resource: SchemaResource) {
        self.node = node
        self.resource = resource
        always = node.boolean
    }

    /// The location: the URI of its resource and the pointer in it.
    func location(of keyword: String) -> String {
        "\(resource.uri)#\(node.pointer.dropFirst(resource.root.pointer.utf8.count))/\(keyword)"
    }
}
