/** A listener for one kind of event. It must not throw; what it throws is reported as an unhandled error. */
export type Listener<Detail> = (detail: Detail) => void

/** Typed events: `on` returns the function that takes the listener off again. */
export interface Events<Map extends object> {
  on<Name extends keyof Map>(name: Name, listener: Listener<Map[Name]>, options?: { readonly signal?: AbortSignal }): () => void
}

/** The side of the events that sends them. */
export interface Emitter<Map extends object> extends Events<Map> {
  emit<Name extends keyof Map>(name: Name, detail: Map[Name]): void
}

/** Makes an emitter. A listener that throws does not keep the others from being called. */
export function createEmitter<Map extends object>(): Emitter<Map> {
  const listeners = new globalThis.Map<keyof Map, Set<Listener<never>>>()
  return {
    on(name, listener, options = {}) {
      const set = listeners.get(name) ?? new Set()
      listeners.set(name, set)
      set.add(listener)
      const off = (): void => { set.delete(listener) }
      if (options.signal?.aborted === true) off()
      options.signal?.addEventListener('abort', off, { once: true })
      return off
    },
    emit(name, detail) {
      for (const listener of [...(listeners.get(name) ?? [])]) {
        try {
          listener(detail as never)
        } catch (error) {
          queueMicrotask(() => { throw error })
        }
      }
    }
  }
}
