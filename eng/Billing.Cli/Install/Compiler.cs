namespace Billing.Cli.Install;

/// <summary>What the native library is compiled with: a C compiler with its headers, make and bash.</summary>
internal sealed record Compiler(string C, string Cpp, string Make)
{
    private static readonly string[] Debian = ["gcc", "libc6-dev", "make"];

    /// <summary>The compiler at hand, or null with what is missing.</summary>
    public static async Task<(Compiler? Found, string Missing)> Find(CancellationToken cancellation)
    {
        var c = First(Environment.GetEnvironmentVariable("CC"), "cc", "gcc", "clang");
        var make = First("make", "gmake");
        var missing = new List<string>();
        if (c is null)
            missing.Add("a C compiler");
        else if (!await Works(c, cancellation))
            missing.Add($"the C library's headers ({c} cannot compile a first program)");
        if (make is null)
            missing.Add("make");
        if (First("bash") is null)
            missing.Add("bash");
        if (missing.Count > 0) return (null, string.Join(" and ", missing));

        // configure insists on a C++ compiler that nothing here is compiled with.
        return (new Compiler(c!, First(Environment.GetEnvironmentVariable("CXX"), "c++", "g++") ?? c!, make!), "");
    }

    /// <summary>As <see cref="Find"/>, but installs what is missing where it may.</summary>
    public static async Task<Compiler> Require(Terminal terminal, CancellationToken cancellation)
    {
        var (found, missing) = await Find(cancellation);
        if (found is not null) return found;

        if (Apt.MayInstall)
        {
            var (installed, why) = await Apt.Install(terminal, Debian, cancellation);
            (found, missing) = await Find(cancellation);
            if (found is not null) return found;
            if (!installed)
                throw new CannotGoOn($"librdkafka needs {missing}, and apt-get could not install it: {why}");
        }

        throw new CannotGoOn(
            $"librdkafka has to be compiled once, which needs {missing}: install it "
            + $"(Debian: sudo apt-get install {string.Join(' ', Debian)}) and try again.");
    }

    private static string? First(params string?[] names) => names
        .Where(name => !string.IsNullOrEmpty(name))
        .Select(name => name!.Contains('/', StringComparison.Ordinal) ? name : Programs.Find(name))
        .FirstOrDefault(path => path is not null);

    private static async Task<bool> Works(string compiler, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("billing-cc-");
        try
        {
            var source = Path.Combine(folder.FullName, "first.c");
            await File.WriteAllTextAsync(
                source,
                "#include <pthread.h>\n#include <stdio.h>\nint main(void) { return printf(\"\") != 0; }\n",
                cancellation);
            var outcome = await Programs.Run(
                new Call(compiler, source, "-o", Path.Combine(folder.FullName, "first"))
                {
                    Timeout = TimeSpan.FromMinutes(1),
                },
                cancellation);

            return outcome.Succeeded;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
