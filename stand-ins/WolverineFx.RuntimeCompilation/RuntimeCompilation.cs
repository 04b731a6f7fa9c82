using Microsoft.Extensions.DependencyInjection;

namespace Wolverine;

/// <summary>
/// The real package brings the compiler for the code that calls handlers. Here they are called without
/// generated code, so there is nothing to bring; the calls are kept.
/// </summary>
public static class RuntimeCompilationExtensions
{
    public static WolverineOptions UseRuntimeCompilation(this WolverineOptions options) => options;

    public static IServiceCollection AddWolverineRuntimeCompilation(this IServiceCollection services) =>
        services;
}
