using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Billing.Architecture.Tests;

/// <summary>Rules about the syntax of C# files. Each gives the places where it is broken.</summary>
internal static class CodeRules
{
    public const int LongestFunction = 40;

    private static readonly string[] Effects =
    [
        "DbConnection", "NpgsqlConnection", "NpgsqlDataSource", "HttpClient", "TimeProvider", "ILogger", "IMessageBus",
        "IDocumentSession", "IQuerySession", "IConfiguration", "IServiceProvider", "CancellationToken", "Random",
    ];

    public static IEnumerable<Finding> LongFunctions(Source file) =>
        from function in Nodes<SyntaxNode>(file)
        where function is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax
        let lines = LinesOf(function)
        where lines > LongestFunction
        select At(file, function, $"{lines} lines in one function, more than {LongestFunction}.");

    /// <summary>Binary floating point has no place where money may pass.</summary>
    public static IEnumerable<Finding> FloatingPoint(Source file) =>
        Nodes<PredefinedTypeSyntax>(file)
            .Where(type => type.Keyword.IsKind(SyntaxKind.DoubleKeyword) || type.Keyword.IsKind(SyntaxKind.FloatKeyword))
            .Cast<SyntaxNode>()
            .Concat(Nodes<IdentifierNameSyntax>(file).Where(name => name.Identifier.Text is "Double" or "Single" or "Half"
                && name.Parent is not MemberAccessExpressionSyntax and not InvocationExpressionSyntax))
            .Select(type => At(file, type, "Binary floating point."));

    /// <summary>A decision is a function of its arguments: static, at once, and without a way to the world.</summary>
    public static IEnumerable<Finding> ImpureDecisions(Source file) =>
        from method in Nodes<MethodDeclarationSyntax>(file)
        where method.Identifier.Text is "Decide" or "Evolve"
        from what in Impurities(method)
        select At(file, method, $"{method.Identifier.Text} {what}");

    public static IEnumerable<Finding> BlockNamespaces(Source file) =>
        Nodes<NamespaceDeclarationSyntax>(file).Select(block => At(file, block, "A namespace with braces."));

    private static IEnumerable<string> Impurities(MethodDeclarationSyntax method)
    {
        // A state may evolve itself and a projection overrides what its framework calls; a decision is nobody's.
        if (method.Identifier.Text == "Decide" && !Has(method, SyntaxKind.StaticKeyword)) yield return "is not static.";
        if (Has(method, SyntaxKind.AsyncKeyword)) yield return "is asynchronous.";
        if (method.ReturnType.ToString() is var type && (type.Contains("Task") || type == "void"))
            yield return $"gives back {type}.";

        foreach (var parameter in method.ParameterList.Parameters)
            if (Effects.Any(effect => NameOf(parameter.Type) == effect)) yield return $"takes {parameter.Type}.";
    }

    private static string? NameOf(TypeSyntax? type) => type switch
    {
        GenericNameSyntax generic => generic.Identifier.Text,
        QualifiedNameSyntax qualified => NameOf(qualified.Right),
        NullableTypeSyntax nullable => NameOf(nullable.ElementType),
        _ => type?.ToString(),
    };

    private static bool Has(MethodDeclarationSyntax method, SyntaxKind modifier) => method.Modifiers.Any(modifier);

    private static IEnumerable<T> Nodes<T>(Source file) where T : SyntaxNode =>
        CSharpSyntaxTree.ParseText(file.Text).GetRoot().DescendantNodes().OfType<T>();

    // Without the comment above it.
    private static int LinesOf(SyntaxNode node)
    {
        var span = node.GetLocation().GetLineSpan();
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    private static Finding At(Source file, SyntaxNode node, string what) =>
        new(file.Path, node.GetLocation().GetLineSpan().StartLinePosition.Line + 1, what);
}
