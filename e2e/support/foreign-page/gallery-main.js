System.register([], function () {
  return {
    execute: function () {
      const query = new URLSearchParams(location.search)
      const relay = query.get('relay')
      const seen = { pasted: [], keys: [], events: [] }
      const sources = new Set()
      addEventListener('message', (event) => sources.add(event.source))
      window.gallerySources = sources
      window.galleryState = seen

      // Pictures by template, as in a flow of images.
      for (let number = 0; number < 12; number++) {
        $('#items').append(`<div class="gf_image item" data-img_id="img_${number}"><img alt="" width="120" height="${60 + number * 7}"></div>`)
      }
      window.galleryLayout = new Masonry('#items', { itemSelector: '.item', columnWidth: 130 })

      // What the host does with anything pasted or typed anywhere.
      // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the shape of such pages
      document.onpaste = (event) => { seen.pasted.push(event.target.tagName) }
      $('body').on('keydown', (event) => { if (event.key === 'Enter' || event.key === 'Escape') seen.keys.push(event.key) })
      for (const name of ['gf-peer-state', 'gf-peer-connect', 'gf-peer-path', 'gf-peer-disconnect', 'gf-peer-error']) {
        document.addEventListener(name, (event) => seen.events.push({ name, detail: event.detail }))
      }

      const place = () => {
        const element = document.createElement('gf-peer')
        element.setAttribute('relay', relay)
        document.getElementById('peer_place').append(element)
      }
      if (query.get('how') === 'system') {
        System.import(`${relay}/gf-peer.system.js`).then(place)
      } else {
        const script = document.createElement('script')
        script.type = 'module'
        script.src = `${relay}/gf-peer.js`
        script.addEventListener('load', place)
        document.head.append(script)
      }
    }
  }
})
