using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Billing.ServiceDefaults.Database;

/// <summary>
/// One step of a schema: <c>0001-name.sql</c>, those that all services have under <c>common/</c>.
/// </summary>
internal sealed partial record MigrationFile(string Name, string Sql)
{
    public const string CommonPrefix = "common/";

    public bool IsCommon => Name.StartsWith(CommonPrefix, StringComparison.Ordinal);

    /// <summary>
    /// Of the text as it is in the repository, before roles are filled in. Line ends do not count.
    /// </summary>
    public string Checksum =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql.ReplaceLineEndings("\n"))));

    /// <summary>The common steps, then the service's own, which may be none; each kind by number.</summary>
    /// <exception cref="CannotStartException">Two steps have the same number.</exception>
    public static IReadOnlyList<MigrationFile> All(Assembly service)
    {
        var common = In(typeof(MigrationFile).Assembly, CommonResource(), CommonPrefix);

        return InOrder([.. common, .. In(service, OwnResource(), "")]);
    }

    internal static IReadOnlyList<MigrationFile> InOrder(IEnumerable<MigrationFile> files)
    {
        List<MigrationFile> sorted =
            [.. files.OrderBy(file => !file.IsCommon).ThenBy(file => file.Name, StringComparer.Ordinal)];
        foreach (var (one, next) in sorted.Zip(sorted.Skip(1)))
            if (one.Number == next.Number)
                throw new CannotStartException(
                    $"The migrations {one.Name} and {next.Name} have the same number.");

        return sorted;
    }

    /// <summary>The statements for these roles: <c>{writer}</c> stands for the writer's name.</summary>
    public string For(IReadOnlyList<DatabaseRole> roles) => Placeholder().Replace(Sql, match =>
        roles.First(role => role.Kind == match.Groups[1].Value).Name);

    private string Number =>
        Name[..(Name.IndexOf('-', StringComparison.Ordinal) is var dash and > 0 ? dash : Name.Length)];

    private static IEnumerable<MigrationFile> In(Assembly assembly, Regex resource, string prefix) =>
        from name in assembly.GetManifestResourceNames()
        let match = resource.Match(name)
        where match.Success
        select new MigrationFile(prefix + match.Groups[1].Value, Read(assembly, name));

    private static string Read(Assembly assembly, string resource)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);

        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"^common/(\d{4}-[a-z0-9-]+\.sql)$")]
    private static partial Regex CommonResource();

    [GeneratedRegex(@"(?:^|[./])Migrations[./](\d{4}-[a-z0-9-]+\.sql)$")]
    private static partial Regex OwnResource();

    [GeneratedRegex(@"\{(owner|writer|reader|staff)\}")]
    private static partial Regex Placeholder();
}
